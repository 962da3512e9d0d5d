package hosted_test

import (
	"flag"
	"testing"

	"example.com/app/api"
	"example.com/app/hosted"
)

func TestOpen(t *testing.T) {
	api.Sink = api.Greet("test")
	hosted.Open(flag.Args())
}
