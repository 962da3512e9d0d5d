package goelf

import (
	"encoding/binary"
	"slices"
)

// Where a function's runtime._func keeps what says which code was inlined into
// it (internal/abi/symtab.go, the same in every release from 1.21 to 1.27).
const (
	inlTreeIndex = 2  // abi.PCDATA_InlTreeIndex
	inlTree      = 3  // abi.FUNCDATA_InlTree
	inlinedSize  = 16 // bytes of a runtime.inlinedCall
	startLine    = 36 // where a runtime._func has its startLine, since 1.20
	maxInlined   = 1 << 20
)

// position is a file, the function that stands in it, by where its name is in the
// table of names, and the line of its first token.
type position struct {
	name uint32
	file string
	line int32
}

// run is a stretch of a function's instructions with one value in a table that
// is encoded by differences (runtime/symtab.go, step).
type run struct {
	end   uint64 // from the function's entry, in the machine's units
	value int64
}

// positions lists the files that a function's instructions come from, each with
// the function itself or the one inlined there. fn is its runtime._func and what
// follows that. The list is good until the next call.
func (im *Image) positions(t *funcTable, fn []byte) []position {
	t.fileRuns = t.runsAt(t.fileRuns[:0], im.Order.Uint32(fn[20:]))
	files := t.fileRuns
	inlined, callee := im.inlined(t, fn)
	list := t.list[:0]
	for j := 0; len(files) > 0; {
		pos := position{name: im.Order.Uint32(fn[4:]), line: int32(im.Order.Uint32(fn[startLine:]))}
		named := true
		end := files[0].end
		if j < len(inlined) {
			end = min(end, inlined[j].end)
			if v := inlined[j].value; v >= 0 {
				pos.name, pos.line, named = callee(v)
			}
		}
		var ok bool
		if pos.file, ok = im.fileAt(t, im.Order.Uint32(fn[32:]), files[0].value); ok && named && !slices.Contains(list, pos) {
			list = append(list, pos)
		}
		if j < len(inlined) && inlined[j].end <= end {
			j++
		}
		if files[0].end <= end {
			files = files[1:]
		}
	}
	t.list = list
	return list
}

// inlined gives which inlined function each stretch of a function belongs to, by
// numbers that callee turns into the places of their names and their first lines.
// There are none where the function has none, or its tables do not read.
func (im *Image) inlined(t *funcTable, fn []byte) (runs []run, callee func(int64) (name uint32, line int32, ok bool)) {
	npcdata, nfuncdata := uint64(im.Order.Uint32(fn[28:])), uint64(fn[43])
	if t.gofunc == 0 || npcdata <= inlTreeIndex || nfuncdata <= inlTree {
		return nil, nil
	}
	at := funcHeader + 4*npcdata + 4*inlTree
	if npcdata > uint64(len(fn)) || at+4 > uint64(len(fn)) {
		return nil, nil
	}
	off := im.Order.Uint32(fn[at:])
	if off == 1<<32-1 {
		return nil, nil
	}
	tree := t.gofunc + uint64(off)
	t.inlineRuns = t.runsAt(t.inlineRuns[:0], im.Order.Uint32(fn[funcHeader+4*inlTreeIndex:]))
	return t.inlineRuns, func(n int64) (uint32, int32, bool) {
		if n < 0 || n > maxInlined {
			return 0, 0, false
		}
		call, err := im.Bytes(tree+uint64(n)*inlinedSize, inlinedSize)
		if err != nil || len(call) < inlinedSize {
			return 0, 0, false
		}
		return im.Order.Uint32(call[4:]), int32(im.Order.Uint32(call[12:])), true
	}
}

// runsAt appends the runs of a table at an offset; 0 stands for no table.
func (t *funcTable) runsAt(list []run, off uint32) []run {
	if off == 0 || uint64(off) >= uint64(len(t.pc)) {
		return list
	}
	table := t.pc[off:]
	value, end := int64(-1), uint64(0)
	for {
		delta, n := binary.Uvarint(table)
		if n <= 0 || delta == 0 && len(list) > 0 || delta > 1<<32 {
			return list
		}
		step, m := binary.Uvarint(table[n:])
		if m <= 0 || step > 1<<32 || t.budget < n+m {
			return list
		}
		t.budget -= n + m
		table = table[n+m:]
		value += int64(delta>>1) ^ -int64(delta&1)
		end += step
		list = append(list, run{end, value})
	}
}
