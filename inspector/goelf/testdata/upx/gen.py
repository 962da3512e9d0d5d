import random
random.seed(1)
words=[w for w in "plugin host hash package runtime linker symbol module table segment offset version loader verdict refuse crash poison scope order copy".split()]
t=' '.join(random.choice(words) for _ in range(2600))
print('#include <stdio.h>\nconst char text[] = "%s";' % t)
for i in range(40):
    print('int f%d(int x) { for (int i = 0; i < %d; i++) x = x * %d + text[(x + i) & 1023]; return x; }' % (i, i+3, random.randrange(3,99)))
print('int table[256] = {%s};' % ','.join(str(i*i) for i in range(256)))
print('__attribute__((constructor)) static void start(void) { table[0] = f1(2); }')
print('int (*all[])(int) = {%s};' % ','.join('f%d'%i for i in range(40)))
print('#ifdef MAIN\nint main(int c, char **v) { int n = c; for (int i = 0; i < 40; i++) n = all[i](n + table[i]); printf("%d\\n", n); return 0; }\n#endif')
