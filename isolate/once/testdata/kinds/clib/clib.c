int clib_version(void) { return 1; }
