int old_foo(void) { return 1; }
int new_foo(void) { return 2; }
__asm__(".symver old_foo, foo@FOO_1");
__asm__(".symver new_foo, foo@@FOO_2");
