package templates

import (
	"strings"
	"testing"
)

func TestStubs(t *testing.T) {
	for _, test := range []struct {
		name, source string
		want         []string // lines of plugin.go
		text         string   // of the error
	}{
		{"rich", `package contract

import (
	"context"
	"io"
	nethttp "net/http"
)

type Order struct{ ID int }

type Named interface{ Name() string }

type Shop interface {
	Named
	// Buy buys.
	Buy(ctx context.Context, orders ...*Order) (receipt map[string][]Order, err error)
	Handle(func(w nethttp.ResponseWriter, o Order) error, chan<- Order)
	Close()
	Pair(io.Reader, io.Writer) (int, error)
	Size() [Max]Order
}

const Max = 3

type Plugin interface {
	Shop
	error2
}

type error2 interface{ Why(why, name string) (reason error) }
`, []string{
			"\t\"context\"", "\t\"example.com/shop/contract\"", "\t\"io\"", "\tnethttp \"net/http\"",
			"func New() contract.Plugin { return implementation{} }",
			"func (implementation) Name() (_ string) {",
			"func (implementation) Buy(ctx context.Context, orders ...*contract.Order) (receipt map[string][]contract.Order, err error) {",
			"func (implementation) Handle(func(w nethttp.ResponseWriter, o contract.Order) error, chan<- contract.Order) {",
			"func (implementation) Close() {",
			"func (implementation) Pair(io.Reader, io.Writer) (_ int, _ error) {",
			"func (implementation) Size() (_ [contract.Max]contract.Order) {",
			"func (implementation) Why(why, name string) (reason error) {",
		}, ""},
		{"other package name", "package shopapi\n\ntype Greeter interface{ Greet(name string) string }\n", []string{
			"\tshopapi \"example.com/shop/contract\"", "func New() shopapi.Greeter { return implementation{} }",
		}, ""},
		{"first that can be", "package contract\n\ntype A interface{ hidden() }\n\ntype B interface{ Shown() }\n", []string{
			"func New() contract.B { return implementation{} }",
		}, ""},
		{"none", "package contract\n\ntype A struct{}\n\ntype b interface{}\n\ntype C[T any] interface{ M(T) }\n", nil, "declares no exported interface"},
		{"hidden type", "package contract\n\ntype A interface{ M(x thing) }\n\ntype thing int\n", nil, "type thing is not exported"},
		{"embeds another's", "package contract\n\nimport \"io\"\n\ntype A interface{ io.Closer }\n", nil, "embeds an interface of another package"},
		{"embeds itself", "package contract\n\ntype A interface{ A }\n", nil, "no interface that can be followed"},
		{"third party", "package contract\n\nimport \"github.com/x/y\"\n\ntype A interface{ M(y.T) }\n", nil, "imports github.com/x/y"},
		{"constraint", "package contract\n\ntype A interface{ ~int | ~string }\n", nil, "embeds an interface of another package"},
		{"broken", "package contract\n\ntype A interface{\n", nil, "contract.go"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &Contract{Module: "example.com/shop/contract", Version: "v0.1.0", Files: map[string][]byte{
				"go.mod": []byte("module example.com/shop/contract\n"), "contract.go": []byte(test.source),
			}}
			files, err := Render(KindInterface, Data{Module: "example.com/greet", Host: shopHost(), Descriptor: []byte("{}\n"), Contract: c})
			if (err != nil) != (test.text != "") || err != nil && !strings.Contains(err.Error(), test.text) {
				t.Fatalf("error %v, want %q", err, test.text)
			}
			for _, want := range test.want {
				if !strings.Contains(string(files["plugin.go"]), want+"\n") {
					t.Errorf("plugin.go has no %q:\n%s", want, files["plugin.go"])
				}
			}
		})
	}
}
