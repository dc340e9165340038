// Package moved has variables that the compiler moves to the heap.
package moved

type point struct{ x, y int }

var (
	keepInt   *int
	keepPoint *point
	keepFunc  func()
)

// Local escapes by the result.
func Local() *int {
	n := 1 // want: moved
	return &n
}

// Param is moved at its declaration.
func Param(p point) *point { // want: moved
	return &p
}

// Receiver is a parameter like any other.
func (p point) Receiver() *point { // want: moved
	return &p
}

// Named moves a named result.
func Named() (n int) { // want: moved
	keepInt = &n
	return 3
}

// Unnamed moves nothing but what it returns.
func Unnamed() (*point, error) {
	p := point{1, 2} // want: moved
	return &p, nil
}

// Field moves the whole variable for one field.
func Field() *int {
	p := point{1, 2} // want: moved
	return &p.x
}

// Element moves the whole array.
func Element(i int) *int {
	list := [4]int{1, 2, 3, 4} // want: moved
	return &list[i]
}

// Sliced moves the array under a slice.
func Sliced() []int {
	list := [4]int{1, 2, 3, 4} // want: moved
	return list[:2]
}

// Loop moves a variable of every turn.
func Loop(n int) (all []*int) {
	for i := 0; i < n; i++ {
		j := i                // want: moved
		all = append(all, &j) // want: append@1.25+
	}
	return all
}

// LoopVariable moves the variable of the loop itself.
func LoopVariable(list []int) {
	for _, v := range list { // want: moved
		keepInt = &v
	}
}

// Captured is assigned in a closure that outlives the function.
func Captured() func() int {
	n := 0              // want: moved
	return func() int { // want: closure
		n++
		return n
	}
}

// TwoWays escapes in two ways, and is one site.
func TwoWays() *int {
	n := 7 // want: moved
	keepInt = &n
	return &n
}

// Shadow has two variables of one name.
func Shadow(b bool) *int {
	n := 1 // want: moved
	if b {
		n := 2 // want: moved
		return &n
	}
	return &n
}

// Pair declares two on one line.
func Pair() (*int, *int) {
	a, b := 1, 2 // want: moved, moved
	return &a, &b
}

// Switched is the variable of a type switch.
func Switched(v any) {
	switch x := v.(type) {
	case int: // want: moved
		keepInt = &x
	case point: // want: moved
		keepPoint = &x
	}
}

// TooLarge is over the limit for a variable on the stack in every release.
func TooLarge() int {
	var huge [12 << 20]byte // want: moved
	huge[3] = 1
	return int(huge[len(keepSlice)])
}

// TooLargeSince is over the limit of 128 KiB only.
func TooLargeSince() int {
	var large [200 << 10]byte // want: moved@1.24+
	large[3] = 1
	return int(large[len(keepSlice)])
}

var keepSlice []byte

// OnStack moves nothing.
func OnStack() int {
	n := 1
	p := &n
	*p = 2
	return n
}

// Indirect escapes through another variable.
func Indirect() **int {
	n := 1  // want: moved
	p := &n // want: moved
	return &p
}

// Sent goes through a channel.
func Sent(c chan *int) {
	n := 1 // want: moved
	c <- &n
}

// Thrown goes into a panic.
func Thrown() {
	n := 1 // want: moved
	panic(&n)
}

// Goroutine is used in a goroutine.
func Goroutine(done chan bool) {
	n := 0      // want: moved
	go func() { // want: closure
		n++
		done <- true
	}()
	<-done
	n++
}
