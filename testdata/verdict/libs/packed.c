#include <stdio.h>
int one, two, three;
int *pointers[] = {&one, &two, &three};
int more(void) { return printf("%d", *pointers[0]); }
