// This keeps the go command's patterns out of the modules below.
module example.com/modules
