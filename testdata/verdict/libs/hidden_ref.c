extern int nowhere __attribute__((visibility("hidden"), weak));
int foo(void) { return &nowhere ? 1 : 2; }
