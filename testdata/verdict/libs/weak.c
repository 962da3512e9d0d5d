int nowhere(void) __attribute__((weak));
int foo(void) { return nowhere ? nowhere() : 3; }
