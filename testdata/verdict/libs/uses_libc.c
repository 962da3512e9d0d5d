#include <stdio.h>
int foo(void) { return printf("%d", 7); }
