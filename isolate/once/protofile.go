package once

import (
	"encoding/binary"
	"go/ast"
	"go/constant"
	"go/types"
)

// protoFile gives the name of the .proto file whose generated Go code builds
//
//	protoimpl.TypeBuilder{File: protoimpl.DescBuilder{RawDescriptor: …}}.Build()
//
// from the descriptor's bytes, which begin with it: a string constant in what newer
// generators write, a list of bytes in older.
func (a *analysis) protoFile(f *frame, builder ast.Expr) (string, bool) {
	raw := field(field(builder, "File"), "RawDescriptor")
	for range 8 { // []byte(constant), unsafe.Slice(unsafe.StringData(constant), len), a variable
		if raw == nil {
			return "", false
		}
		if tv := f.unit.info.Types[raw]; tv.Value != nil && tv.Value.Kind() == constant.String {
			return descriptorName([]byte(constant.StringVal(tv.Value)))
		}
		switch x := ast.Unparen(raw).(type) {
		case *ast.CallExpr:
			if len(x.Args) == 0 {
				return "", false
			}
			raw = x.Args[0]
		case *ast.Ident:
			obj, _ := f.unit.info.Uses[x].(*types.Var)
			raw = a.variables(f.unit).initial[obj]
		case *ast.CompositeLit:
			return descriptorName(firstBytes(f.unit.info, x))
		default:
			return "", false
		}
	}
	return "", false
}

// field gives the value of a field in a literal.
func field(e ast.Expr, name string) ast.Expr {
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	for _, elt := range lit.Elts {
		if kv, ok := elt.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == name {
				return kv.Value
			}
		}
	}
	return nil
}

// firstBytes gives the start of a list of bytes, as far as a name can reach.
func firstBytes(info *types.Info, lit *ast.CompositeLit) []byte {
	var out []byte
	for _, e := range lit.Elts[:min(len(lit.Elts), 4096)] {
		tv := info.Types[e]
		if tv.Value == nil {
			break
		}
		n, ok := constant.Int64Val(constant.ToInt(tv.Value))
		if !ok {
			break
		}
		out = append(out, byte(n))
	}
	return out
}

// descriptorName reads the first field of a FileDescriptorProto, its name.
func descriptorName(raw []byte) (string, bool) {
	const tag = 1<<3 | 2
	if len(raw) == 0 || raw[0] != tag {
		return "", false
	}
	n, used := binary.Uvarint(raw[1:])
	if used <= 0 || n > uint64(len(raw)-1-used) {
		return "", false
	}
	return string(raw[1+used:][:n]), true
}
