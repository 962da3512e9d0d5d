static int seven(void) { return 7; }
static int (*pick(void))(void) { return seven; }
int foo(void) __attribute__((ifunc("pick")));
