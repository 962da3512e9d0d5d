package goelf

import "fmt"

// PluginCode calls f with the name of each function's package and the function's size
// in bytes, in the order of their addresses. Code that the Go compiler and assembler
// did not make, C code and type equality functions among it, does not appear.
func (im *Image) PluginCode(p *Plugin, f func(pkg string, size uint64)) error {
	if p.typesField == 0 {
		return ErrNoFileTable
	}
	t, err := im.funcTable(p.typesField - 37*im.WordSize())
	if err != nil {
		return err
	}
	o := im.Order
	// The last entry marks the end of the text (runtime.functab).
	for ; len(t.index) >= 16; t.index = t.index[8:] {
		start, off, end := o.Uint32(t.index), uint64(o.Uint32(t.index[4:])), o.Uint32(t.index[8:])
		if off+funcHeader > uint64(len(t.funcs)) || end < start {
			continue
		}
		name, err := stringAt(t.names, uint64(o.Uint32(t.funcs[off+4:])))
		if err != nil {
			return fmt.Errorf("function table: %w", err)
		}
		if pkg := funcPackage(name); pkg != "" {
			f(pkg, uint64(end-start))
		}
	}
	return nil
}

// MemorySize gives how many bytes of memory the file's segments take once loaded.
func (im *Image) MemorySize() uint64 {
	var sum uint64
	for _, s := range im.segs {
		if s.typ == segLoad && sum+s.memsz >= sum {
			sum += s.memsz
		}
	}
	return sum
}
