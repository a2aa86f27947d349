// A defect that the fuzzer must find. While it does, silence about the other targets means
// something.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size >= 4 && data[0] == 'c' && data[1] == 'a' && data[2] == 'g' && data[3] == 'e')
        std::abort();
    return 0;
}
