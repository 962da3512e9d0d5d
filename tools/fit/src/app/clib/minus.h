int minus(int a, int b);
