int old_foo(void) { return 1; }
int older_foo(void) { return 1; }
__asm__(".symver old_foo, foo@FOO_1");
__asm__(".symver older_foo, foo@FOO_2");
