// Package paths has names outside of ASCII: files, identifiers, texts.
package paths

type größe struct{ höhe, breite int }

var behalten any

// Größe has names that are more bytes than letters.
func Größe(höhe int) *größe {
	ö := größe{höhe: höhe} // want: moved
	return &ö
}

// 世界 has no Latin letter.
func (世 *größe) 世界() any {
	/* 世界世界 */ 界 := 3 // want: moved
	behalten = &界
	return "世界" + 世.text() // want: boxed, concat
}

func (世 größe) text() string { return "größe" }

// Ähnlich has a literal in it.
func Ähnlich() func() *int {
	return func() *int { // want: closure
		ü := 1 // want: moved
		return &ü
	}
}
