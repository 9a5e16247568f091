package corejson_test

import (
	"fmt"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/corejson"
)

func ExampleType_ToJSON() {
	name, _ := corejson.ParseType("string")
	json, err := name.ToJSON(nil, aspnetser.String("Zoë <admin>"))
	fmt.Println(string(json), err)
	// Output: "Zo\u00EB \u003Cadmin\u003E" <nil>
}

func ExampleType_FromJSON() {
	filters, _ := corejson.ParseType("Dictionary<string, List<int>>")
	v, err := filters.FromJSON([]byte(`{"status":[1,5]}`), aspnetser.Value{}, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	t, _, _ := corejson.Carries(v)
	json, _ := corejson.Natural(v)
	fmt.Println(t, string(json))

	_, err = filters.FromJSON([]byte(`{"status":[1,5.0]}`), aspnetser.Value{}, false)
	fmt.Println(err)
	// Output:
	// Dictionary<string, List<int>> {"status":[1,5]}
	// [#1][1]: a number that is no int at offset 13
}
