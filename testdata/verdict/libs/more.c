int more(void) { return 9; }
