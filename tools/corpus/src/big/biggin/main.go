// Command biggin is a handler.
package main

import "github.com/gin-gonic/gin"

// Handle is an exported function.
func Handle(c *gin.Context) { c.JSON(200, gin.H{"ok": true}) }

func main() {}
