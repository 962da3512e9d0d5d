int bar(void) { return 8; }
