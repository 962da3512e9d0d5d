// Command bigproto shares generated code.
package main

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
)

// Struct is an exported function.
func Struct(m map[string]any) ([]byte, error) {
	s, err := structpb.NewStruct(m)
	if err != nil {
		return nil, err
	}
	_ = durationpb.New(1)
	return proto.Marshal(s)
}

func main() {}
