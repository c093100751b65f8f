// Package stock counts things.
package stock

// Count is how many there are of each.
var Count = map[string]int{"apple": 3, "pear": 5}
