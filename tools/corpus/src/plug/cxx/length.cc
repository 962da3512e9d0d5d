#include <string>
#include <iostream>

extern "C" int length(void) {
	std::string s("libstdc++");
	std::cerr << "";
	return int(s.size());
}
