package loader

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// noExec says whether files in dir cannot be mapped executable. Where that
// cannot be found out, plugin.Open will say so.
func noExec(dir string) bool {
	const stNoExec = 0x8 // ST_NOEXEC of statfs(2)
	var stat syscall.Statfs_t
	return syscall.Statfs(dir, &stat) == nil && int64(stat.Flags)&stNoExec != 0
}

// keep gives a file's contents, which are data, for as long as the process runs
// without holding them in memory: later verdicts look at earlier plugins, of
// which the dynamic linker has most pages mapped anyway.
func keep(file string, data []byte) []byte {
	f, err := os.Open(file)
	if err != nil {
		return data
	}
	defer f.Close()
	mapped, err := syscall.Mmap(int(f.Fd()), 0, len(data), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return data
	}
	return mapped
}

func inodeOf(info fs.FileInfo) uint64 {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return stat.Ino
}

// mapped says whether a file in the folder is mapped into this process: after
// a failure of plugin.Open, whether the plugin stayed in the ELF scope.
func (d privateDir) mapped() bool {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return true // assume that it stands in the way
	}
	return strings.Contains(string(maps), "/"+filepath.Base(string(d))+"/")
}
