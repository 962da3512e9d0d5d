int foo(void);
int baz(void) { return foo(); }
