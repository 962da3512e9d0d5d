package isolate

import (
	"bytes"
	"fmt"
	"strings"
	"text/scanner"
	"unicode"
)

// In assembly a path's dots and slashes are letters (doc/asm).
const (
	asmDot   = '\u00b7'
	asmSlash = '\u2215'
)

// asmFile rewrites the symbols of moved packages that an assembly file names by their
// paths. Symbols of the file's own package have none.
func (n names) asmFile(name string, content []byte) ([]byte, error) {
	if !bytes.ContainsRune(content, asmSlash) && !bytes.ContainsRune(content, asmDot) {
		return content, nil
	}
	var s scanner.Scanner
	s.Init(bytes.NewReader(content))
	s.Mode = scanner.ScanIdents | scanner.ScanInts | scanner.ScanFloats | scanner.ScanChars | scanner.ScanStrings | scanner.ScanComments
	s.IsIdentRune = isAsmLetter
	s.Error = func(*scanner.Scanner, string) {} // the assembler says it
	var edits []edit
	for tok := s.Scan(); tok != scanner.EOF; tok = s.Scan() {
		if tok != scanner.Ident {
			continue
		}
		word := s.TokenText()
		private := n.asmSymbol(word)
		if private == word {
			continue
		}
		if strings.IndexFunc(private, func(r rune) bool { return !isAsmLetter(r, 1) }) >= 0 {
			return nil, fmt.Errorf("%s: assembly names %s, and cannot write the path of its private copy, %s", name, word, private)
		}
		edits = append(edits, edit{s.Offset, s.Offset + len(word), private})
	}
	return apply(content, edits), nil
}

// isAsmLetter says what may stand in a symbol's name (cmd/asm/internal/lex isIdentRune).
func isAsmLetter(r rune, i int) bool {
	return unicode.IsLetter(r) || r == '_' || r == asmDot || r == asmSlash || unicode.IsDigit(r) && i > 0
}

// asmSymbol gives the name of a symbol in a private copy.
func (n names) asmSymbol(word string) string {
	plain := strings.NewReplacer(string(asmDot), ".", string(asmSlash), "/").Replace(word)
	private := n.symbol(plain)
	if private == plain {
		return word
	}
	return strings.NewReplacer(".", string(asmDot), "/", string(asmSlash)).Replace(private)
}
