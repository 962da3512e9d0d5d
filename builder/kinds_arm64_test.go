package builder_test

const goarch = "arm64"

const sevenAssembly = "#include \"textflag.h\"\n\nTEXT ·seven(SB), NOSPLIT, $0-8\n\tMOVD $7, R0\n\tMOVD R0, ret+0(FP)\n\tRET\n"
