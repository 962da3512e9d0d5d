int old_foo(void) { return 1; }
__asm__(".symver old_foo, foo@FOO_1");
int bar(void) { return 2; }
