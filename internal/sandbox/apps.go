package sandbox

import "github.com/aspstate/aspstate/compat/layout"

// Compressing is the application whose nodes have compressionEnabled="true".
const Compressing = "intranet"

// Applications are those whose sessions the seed makes.
func Applications() []layout.Application {
	return []layout.Application{
		{Name: "shop", AppIDs: []string{"/LM/W3SVC/3/ROOT/shop"}},
		{Name: "portal", AppIDs: []string{"/LM/W3SVC/1/ROOT"}},
		{Name: Compressing, AppIDs: []string{"/LM/W3SVC/2/ROOT"}},
	}
}
