#ifndef BYTES
#define BYTES 1000
#endif
#ifndef ALIGN
#define ALIGN 8
#endif
#ifndef MODEL
#define MODEL "initial-exec"
#endif
__thread char block[BYTES] __attribute__((tls_model(MODEL), aligned(ALIGN)));
int foo(void) { return block[1]; }
#ifdef UNDEFINED
int more(void);
int bar(void) { return more(); }
#endif
