package main

type plain struct{}

func (*plain) Name() string { return "" }

var Impl plain

func main() {}
