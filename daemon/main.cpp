#include "daemon/commands/command.hpp"

int main(int argc, char** argv) {
    CLI::App app{"margind"};
    CLI11_PARSE(app, argc, argv);
    return 0;
}
