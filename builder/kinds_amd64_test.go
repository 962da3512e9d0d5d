package builder_test

const goarch = "amd64"

const sevenAssembly = "#include \"textflag.h\"\n\nTEXT ·seven(SB), NOSPLIT, $0-8\n\tMOVQ $7, ret+0(FP)\n\tRET\n"
