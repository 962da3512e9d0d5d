int more(void);
int foo(void) { return more(); }
