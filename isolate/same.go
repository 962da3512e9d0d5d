package isolate

import (
	"fmt"
	"go/scanner"
	"go/token"
	"strconv"
	"strings"
)

// sameGo holds a rewritten Go file against its original: token by token they are the
// same, on the same lines, but for import paths and what linkname directives name. The two
// are of the same language, for the same tags, and Prove holds their files and imports
// against each other. What they import is the very same, or a copy of which all this is true
// as well. So what the copy declares and exports is what the original does, with other names
// of packages: nothing in a file says anything else to the compiler than its tokens and
// directives, and the go command gives it nothing else.
func (n names) sameGo(name string, original, now []byte) error {
	a, b := tokens(original), tokens(now)
	inImport, depth := false, 0
	for {
		x, y := a(), b()
		if x.tok != y.tok || x.line != y.line {
			return fmt.Errorf("%s:%d: the copy has %q in place of %q", name, x.line, y.lit, x.lit)
		}
		switch {
		case x.tok == token.EOF:
			return nil
		case x.tok == token.IMPORT:
			inImport = true
		case inImport && x.tok == token.LPAREN:
			depth++
		case inImport && x.tok == token.RPAREN:
			depth--
		}
		if x.lit != y.lit && !n.mayDiffer(x, y, inImport) {
			return fmt.Errorf("%s:%d: the copy has %q in place of %q", name, x.line, y.lit, x.lit)
		}
		if x.tok == token.SEMICOLON && depth == 0 {
			inImport = false
		}
	}
}

// mayDiffer says whether one token is another with the private path for the true one.
func (n names) mayDiffer(x, y lexeme, inImport bool) bool {
	switch {
	case x.tok == token.STRING && inImport:
		path, err := strconv.Unquote(x.lit)
		return err == nil && n[path] != "" && y.lit == strconv.Quote(n[path])
	case x.tok == token.COMMENT && strings.HasPrefix(x.lit, linkname):
		was, is := strings.Fields(x.lit), strings.Fields(y.lit)
		return len(was) == 3 && len(is) == 3 && was[0] == is[0] && was[1] == is[1] && n.symbol(was[2]) == is[2]
	}
	return false
}

type lexeme struct {
	tok    token.Token
	lit    string // of a comment, as it stands in the file
	line   int    // in the file, whatever //line says
	offset int
}

// tokens gives a file's tokens, one at each call.
func tokens(content []byte) func() lexeme {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(content))
	var s scanner.Scanner
	s.Init(file, content, nil, scanner.ScanComments)
	return func() lexeme {
		pos, tok, lit := s.Scan()
		offset := file.Offset(pos)
		if tok == token.COMMENT {
			lit = rawComment(content[offset:])
		}
		return lexeme{tok, lit, file.PositionFor(pos, false).Line, offset}
	}
}
