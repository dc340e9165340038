package generics

type age int

// Less orders.
func (a age) Less(b age) bool { return a < b }

func (a age) String() string { return "age" }

type person struct {
	name string
	age  age
}

// Use instantiates with several shapes.
func Use() {
	_ = Pointer(1)
	_ = Pointer("text")
	_ = Pointer(person{})
	_ = Pointer[func(a, b int) error](nil)
	_ = Pointer(struct{ A, B int }{1, 2})
	_ = Box(person{})
	_ = Box(3)
	_ = Box([]string(nil))
	_ = Counter(1)
	_ = Counter(2.5)
	_ = Names([]age{1, 2})
	_ = Sum(1, 2, 3)
	_ = Sum[age2](1, 2)
}

type age2 int64

// UseTypes instantiates generic types.
func UseTypes() (any, any, any) {
	var l List[string]
	l.Push("a")
	_ = l.All()
	_ = l.Each()
	var m List[*person]
	m.Push(nil)
	_ = m.All()
	p := Pair[string, person]{}
	var t *Tree[age]
	t = t.Insert(3).Insert(4)
	return p.Clone(), Pair[int, List[int]]{}.Clone(), t
}

// UseInlined gets the variables of inlined generic functions.
func UseInlined() (*int, *string, *person) {
	a := Small(1)              // want: moved
	b := Small("b")            // want: moved
	return a, b, New[person]() // want: new
}

// UseMap hands closures to generic functions.
func UseMap(list []int) []string {
	names := Map(list, func(n int) *person {
		return &person{age: age(n)} // want: literal
	})
	return Map(names, func(p *person) string {
		return p.name + "!" // want: concat
	})
}

// UseNested instantiates generic with generic.
func UseNested() *Pair[string, Pair[int, []List[person]]] {
	return Pointer(Pair[string, Pair[int, []List[person]]]{})
}
