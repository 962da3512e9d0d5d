double cos(double);
volatile double angle;
int foo(void) { return (int)cos(angle); }
