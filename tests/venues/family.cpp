#include "tests/venues/family.hpp"

#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "tests/venues/case.hpp"
#include "tests/venues/production.hpp"
#include "tests/venues/registry.hpp"
#include "tests/venues/tolerance.hpp"

namespace margind::test {
namespace {

std::string read_file(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream text;
    if (!(text << stream.rdbuf())) {
        throw std::runtime_error("cannot be read");
    }
    return text.str();
}

const Json& require(const Json& object, std::string_view name, Json::Kind kind, const char* what) {
    const Json* found = object.find(name);
    if (found == nullptr || found->kind != kind) {
        throw std::runtime_error("'" + std::string(name) + "' is missing or not " + what);
    }
    return *found;
}

const std::string& require_text(const Json& object, std::string_view name) {
    return require(object, name, Json::Kind::text, "a text").text;
}

// The parameters of a case: its own, or a named set of the file.
const Json& params_of(const Json& one, const Json* sets) {
    const Json* params = one.find("params");
    if (params != nullptr && params->kind == Json::Kind::text) {
        const Json* named = sets == nullptr ? nullptr : sets->find(params->text);
        if (named == nullptr || named->kind != Json::Kind::object) {
            throw std::runtime_error("param_sets has no '" + params->text + "'");
        }
        return *named;
    }
    return require(one, "params", Json::Kind::object, "an object or the name of a param set");
}

struct Parts {
    const std::string& name;
    const std::string& model;
    const Json& params;
    const Json& inputs;
    const Json& expected;
    const Json& tolerance;
};

Parts parts_of(const Json& one, const Json* sets) {
    return {require_text(one, "name"),
            require_text(one, "model"),
            params_of(one, sets),
            require(one, "inputs", Json::Kind::object, "an object"),
            require(one, "expected", Json::Kind::object, "an object"),
            require(one, "tolerance", Json::Kind::object, "an object")};
}

// What one path through a case answers, and what is wrong with it.
struct Pass {
    std::string answered;
    std::vector<std::string> found;
    std::string wide_only;  // why the daemon cannot have the case; empty: it can
};

// Every field must be read on this path by itself.
Pass run_path(const Parts& parts, Adapter adapter, const std::string& path) {
    Field::Marks read{&parts.params, &parts.inputs};
    const Case one{parts.name, parts.model, Field(parts.params, "params", read),
                   Field(parts.inputs, "inputs", read)};
    Pass pass;
    try {
        const Answers answers = adapter(one);
        pass.answered = to_text(answers);
        pass.found = differences(parts.expected, answers, parts.tolerance);
        for (const auto& [json, place] :
             {std::pair{&parts.params, "params"}, std::pair{&parts.inputs, "inputs"}}) {
            for (const std::string& field : unread(*json, place, read)) {
                pass.found.push_back(field + ": the model does not know this field");
            }
        }
    } catch (const BeyondLedger& error) {
        pass.wide_only = std::string("the ledger does not hold it: ") + error.what();
    } catch (const BeyondDaemon& error) {
        pass.wide_only = std::string("the daemon does not take it: ") + error.what();
    } catch (const std::exception& error) {
        pass.found.emplace_back(error.what());
    }
    for (std::string& line : pass.found) line.insert(0, path);
    return pass;
}

// Why a case that passes was not held against the daemon's own numbers; empty: it was.
std::string run_production(const Parts& parts, const Model& model, Failure& failure) {
    if (model.production == nullptr) {
        return parts.model + " is a formula by itself";
    }
    Pass pass = run_path(parts, model.production, "through profile and engine: ");
    if (!pass.wide_only.empty()) return pass.wide_only;
    failure.produced = std::move(pass.answered);
    failure.found.insert(failure.found.end(), pass.found.begin(), pass.found.end());
    return {};
}

void run_case(const Parts& parts, const Model& model, FamilyReport& report) {
    Failure failure{parts.name, parts.model, to_text(parts.params) + ' ' + to_text(parts.inputs),
                    {},         {},          {}};
    ++report.total;
    Pass wide = run_path(parts, model.answer, "");
    failure.answered = std::move(wide.answered);
    failure.found = std::move(wide.found);
    const std::string wide_only = run_production(parts, model, failure);
    if (!failure.found.empty()) {
        report.failures.push_back(std::move(failure));
        return;
    }
    ++report.passed;
    if (wide_only.empty()) {
        ++report.through_engine;
    } else {
        ++report.wide_only[wide_only];
    }
}

void take_case(const Parts& parts, FamilyReport& report) {
    if (const Model* model = find_model(parts.model)) {
        return run_case(parts, *model, report);
    }
    if (const Exemption* exemption = find_exemption(parts.model)) {
        auto& reasons = exemption->yet ? report.not_yet : report.out_of_scope;
        ++reasons[std::string(exemption->reason)];
        return;
    }
    ++report.total;
    report.failures.push_back({parts.name,
                               parts.model,
                               to_text(parts.params) + ' ' + to_text(parts.inputs),
                               {},
                               {},
                               {"model '" + parts.model + "' is unknown"}});
}

}  // namespace

FamilyReport run_family(const std::filesystem::path& file) {
    std::string place;
    try {
        const Json document = parse_json(read_file(file));
        if (document.kind != Json::Kind::object) {
            throw std::runtime_error("is not an object");
        }
        FamilyReport report;
        report.family = require_text(document, "family");
        const Json& version = require(document, "schema_version", Json::Kind::number, "a number");
        if (parse_decimal(version.text) != 1) {
            throw std::runtime_error("schema_version " + version.text + " is not known");
        }
        const Json& cases = require(document, "cases", Json::Kind::list, "a list");
        std::set<std::string> names;
        for (std::size_t i = 0; i < cases.items.size(); ++i) {
            const Json& one = cases.items[i];
            const Json* name = one.find("name");
            place = "case " + std::to_string(i + 1) +
                    (name == nullptr ? "" : " '" + name->text + "'") + ": ";
            const Parts parts = parts_of(one, document.find("param_sets"));
            if (!names.insert(parts.name).second) {
                throw std::runtime_error("another case has this name");
            }
            take_case(parts, report);
        }
        return report;
    } catch (const std::runtime_error& error) {
        throw std::runtime_error(file.filename().string() + ": " + place + error.what());
    }
}

}  // namespace margind::test
