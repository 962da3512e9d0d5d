// Package main is a plugin that shares packages of every kind with its host.
package main

import (
	"fmt"
	"net"
	"os/user"
	"strconv"

	native "example.com/Native"
	"example.com/dep"

	"example.com/app"
	"example.com/app/api"
	"example.com/app/asm"
	"example.com/app/bag"
	"example.com/app/clib"
	"example.com/app/odd"
)

// Run is what the host calls. It says what host and plugin share.
func Run() string {
	before := api.Total
	var b bag.Bag[int]
	b.Put(before)
	b.Put(api.Add(clib.Minus(dep.Twice(native.Plus(3, 4)), 1)))
	b.Put(clib.Each(dep.Twice, 1, 2))
	if _, err := user.Current(); err != nil || net.ParseIP("::1") == nil || !bag.Later() {
		return "broken"
	}
	return fmt.Sprintf("%s %s visit %d, %s, %d, %d, %s", api.Flavour, b.Join(strconv.Itoa), app.Visit(), bag.Text(), asm.Sum(3, 4), odd.All(), api.New("you").Greet())
}
