#include "_cgo_export.h"
#define VERSION 1
int cdep_version(void) { return VERSION; }
int cdep_through(int x) { return cdepCallback(x); }
