package aspnetser_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
)

// A blob is decoded as a whole; whether it is compressed is found out.
func ExampleDecode() {
	blob, _ := hex.DecodeString("140000000100" + "02000000" + "ffffffff" + "0474696d65" + "0475736572" + "0900000010000000" +
		"0400004e197547c408" + "0105416c696365" + "ff")
	s, err := aspnetser.Decode(blob, aspnetser.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Form, s.Timeout)
	for _, it := range s.Items {
		switch it.Value.Type() {
		case aspnetser.TypeString:
			text, _ := it.Value.Text()
			fmt.Println(it.Key, text)
		case aspnetser.TypeDateTime:
			t, _ := it.Value.Time()
			fmt.Println(it.Key, t.Format(time.DateTime))
		}
	}
	// Output:
	// plain 20
	// time 2002-10-22 00:00:00
	// user Alice
}

// An item that cannot be decoded does not spoil the others.
func ExampleSession_Err() {
	blob, _ := hex.DecodeString("140000000100" + "02000000" + "ffffffff" + "0161" + "0162" + "050000000a000000" +
		"0105414243" + "0207000000" + "ff")
	s, err := aspnetser.Decode(blob, aspnetser.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	os.Stdout.Write(aspnetser.AppendText(nil, s))
	var bad *aspnetser.MalformedError
	if errors.As(s.Err(), &bad) {
		fmt.Println(bad)
		fmt.Println(bad.Item, bad.Key, bad.Offset)
	}
	// Output:
	// plain session, timeout 20 minutes, 2 items
	//   "a"  Undecodable  type id 1, 5 bytes, 01 05 41 42 43: string of 5 bytes runs over its slot at offset 27
	//   "b"  Int32        7
	// item 0 "a": string of 5 bytes runs over its slot at offset 27
	// 0 a 27
}

// A session can be changed, or made from nothing, and written. Form says whether it is compressed.
func ExampleSession_Append() {
	s := &aspnetser.Session{
		Timeout: 20,
		Items: []aspnetser.Item{
			{Key: "user", Value: aspnetser.String("Alice")},
			{Key: "visits", Value: aspnetser.Int32(3)},
		},
	}
	blob, err := s.Append(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%x\n", blob)
	// Output:
	// 14000000010002000000ffffffff047573657206766973697473070000000c0000000105416c6963650203000000ff
}

// AppendOffsets tells where everything is, up to the damage.
func ExampleAppendOffsets() {
	blob, _ := hex.DecodeString("140000000100" + "01000000" + "ffffffff" + "0161" + "05000000" + "0201")
	out, err := aspnetser.AppendOffsets(nil, blob, aspnetser.Options{})
	os.Stdout.Write(out)
	fmt.Println(err != nil)
	// Output:
	//   offset    length  bytes                      field                             value
	//        0         4  14 00 00 00                timeout                           20
	//        4         1  01                         hasItems flag                     true
	//        5         1  00                         hasStaticObjects flag             false
	//        6         4  01 00 00 00                item count                        1
	//       10         4  ff ff ff ff                null-key index                    -1
	//       14         1  01                         item 0 key length                 1
	//       15         1  61                         item 0 key                        "a"
	//       16         4  05 00 00 00                item 0 end                        5 in the value area
	//       20         2  02 01                      item 0 "a"                        cannot be decoded: out of bytes in the value at offset 21
	// damage: item 0 "a": slot ends at byte 5 of the value area, past the end of the blob at offset 16
	// true
}

// Items are read one by one. A key that is missing is told apart from null, and a number that does not fit is an error.
func ExampleGet() {
	c := &aspnetser.Collection{Timeout: 20}
	c.Set("visits", aspnetser.Int32(300))
	c.Set("since", aspnetser.DateTimeOf(time.Date(2002, 10, 22, 8, 30, 0, 0, time.UTC)))

	visits, err := aspnetser.Get[int](c, "Visits")
	fmt.Println(visits, err)
	since, err := aspnetser.Get[time.Time](c, "since")
	fmt.Println(since.Format(time.DateTime), err)
	_, err = aspnetser.Get[byte](c, "visits")
	fmt.Println(err)
	_, err = aspnetser.Get[string](c, "user")
	fmt.Println(err, errors.Is(err, aspnetser.ErrNoItem))
	// Output:
	// 300 <nil>
	// 2002-10-22 08:30:00 <nil>
	// visits: Int32 300 does not fit uint8
	// item "user": no such item true
}

// What is large in a session is found without decoding it.
func ExampleIndex() {
	blob, _ := hex.DecodeString("140000000100" + "02000000" + "ffffffff" + "0474696d65" + "0475736572" + "0900000010000000" +
		"0400004e197547c408" + "0105416c696365" + "ff")
	var x aspnetser.Index
	if err := x.Read(blob, aspnetser.Options{}); err != nil {
		fmt.Println(err)
		return
	}
	for i := range x.Len() {
		fmt.Printf("%s: %d bytes\n", x.Key(i), len(x.Slot(i)))
	}
	// Output:
	// time: 9 bytes
	// user: 7 bytes
}
