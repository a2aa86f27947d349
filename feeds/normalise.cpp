#include "feeds/normalise.hpp"
