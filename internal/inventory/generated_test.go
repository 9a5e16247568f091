// Made by aspstate inventory out of 118 sessions. It shows what was seen there; other sessions may hold other things.

package inventory_test

import (
	"errors"
	"math/big"
	"reflect"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Empty2 is what sessions of the application "empty" hold.
type Empty2 struct {
}

// EmptyTimeout0 is what sessions of the application "empty-timeout-0" hold.
type EmptyTimeout0 struct {
}

// EmptyTimeoutMax is what sessions of the application "empty-timeout-max" hold.
type EmptyTimeoutMax struct {
}

// EmptyTimeoutNeg is what sessions of the application "empty-timeout-neg" hold.
type EmptyTimeoutNeg struct {
}

// KeysCase is what sessions of the application "keys-case" hold.
type KeysCase struct {
	Alpha int32  // "Alpha": int, in 100.0 % of the sessions
	Beta  string // "Beta": string, in 100.0 % of the sessions
	Gamma int32  // "gamma": int, in 100.0 % of the sessions
}

// readItem reads an item, if there is one.
func readItem[T any](c *aspnetser.Collection, key string, dst *T) error {
	v, err := aspnetser.Get[T](c, key)
	if errors.Is(err, aspnetser.ErrNoItem) {
		return nil
	}
	*dst = v
	return err
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *KeysCase) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "Alpha", &s.Alpha),
		readItem(c, "Beta", &s.Beta),
		readItem(c, "gamma", &s.Gamma),
	)
}

// KeysOdd is what sessions of the application "keys-odd" hold.
type KeysOdd struct {
	Lead                                                                                  int32 // " lead": int, in 100.0 % of the sessions
	AB                                                                                    int32 // "a\x00b": int, in 100.0 % of the sessions
	ABCDE                                                                                 int32 // "a.b[c]/d\\e": int, in 100.0 % of the sessions
	BIPWElsz18FMTBipw5CJQXFmt29GNUCjqx6DKRYGnu3AHOVDkry07ELSZahov4BIPWElsz18FMTBipw5CJQXF int32 // "BIPW^elsz#*18?FMT[bipw~'.5<CJQX_fmt{$+29@GNU\\cjqx!(/6=DKRY`gnu|%,3:AHOV]dkry\")07>ELSZahov}&-4;BIPW^elsz#*18?FMT[bipw~'.5<CJQX_f": int, in 100.0 % of the sessions
	CJQXFmt29GNUCjqx6DKRYGnu3AHOVDkry07ELSZahov4BIPWElsz18FMTBipw5CJQXFmt29GNUCjqx6DKRYGn int32 // "CJQX_fmt{$+29@GNU\\cjqx!(/6=DKRY`gnu|%,3:AHOV]dkry\")07>ELSZahov}&-4;BIPW^elsz#*18?FMT[bipw~'.5<CJQX_fmt{$+29@GNU\\cjqx!(/6=DKRY`gn": int, in 100.0 % of the sessions
	// not here: "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk… (20000 bytes, #7f16a4ca87c5b945)", a key too long to be printed, in 1 session
	Trail int32 // "trail ": int, in 100.0 % of the sessions
	Ключ  int32 // "ключ": int, in 100.0 % of the sessions
	X     int32 // "🔑": int, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *KeysOdd) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, " lead", &s.Lead),
		readItem(c, "a\x00b", &s.AB),
		readItem(c, "a.b[c]/d\\e", &s.ABCDE),
		readItem(c, "BIPW^elsz#*18?FMT[bipw~'.5<CJQX_fmt{$+29@GNU\\cjqx!(/6=DKRY`gnu|%,3:AHOV]dkry\")07>ELSZahov}&-4;BIPW^elsz#*18?FMT[bipw~'.5<CJQX_f", &s.BIPWElsz18FMTBipw5CJQXFmt29GNUCjqx6DKRYGnu3AHOVDkry07ELSZahov4BIPWElsz18FMTBipw5CJQXF),
		readItem(c, "CJQX_fmt{$+29@GNU\\cjqx!(/6=DKRY`gnu|%,3:AHOV]dkry\")07>ELSZahov}&-4;BIPW^elsz#*18?FMT[bipw~'.5<CJQX_fmt{$+29@GNU\\cjqx!(/6=DKRY`gn", &s.CJQXFmt29GNUCjqx6DKRYGnu3AHOVDkry07ELSZahov4BIPWElsz18FMTBipw5CJQXFmt29GNUCjqx6DKRYGn),
		readItem(c, "trail ", &s.Trail),
		readItem(c, "ключ", &s.Ключ),
		readItem(c, "🔑", &s.X),
	)
}

// NullAndEmptyKey is what sessions of the application "null-and-empty-key" hold.
type NullAndEmptyKey struct {
	X string // "": string, in 100.0 % of the sessions
	// not here: (null key), the null key, in 1 session
	X2 string // " ": string, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *NullAndEmptyKey) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "", &s.X),
		readItem(c, " ", &s.X2),
	)
}

// NullKeyFirst is what sessions of the application "null-key-first" hold.
type NullKeyFirst struct {
	// not here: (null key), the null key, in 1 session
	A int32 // "a": int, in 100.0 % of the sessions
	B int32 // "b": int, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *NullKeyFirst) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a", &s.A),
		readItem(c, "b", &s.B),
	)
}

// NullKeyLast is what sessions of the application "null-key-last" hold.
type NullKeyLast struct {
	// not here: (null key), the null key, in 1 session
	A int32 // "a": int, in 100.0 % of the sessions
	B int32 // "b": int, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *NullKeyLast) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a", &s.A),
		readItem(c, "b", &s.B),
	)
}

// NullKeyMiddle is what sessions of the application "null-key-middle" hold.
type NullKeyMiddle struct {
	// not here: (null key), the null key, in 1 session
	A int32 // "a": int, in 100.0 % of the sessions
	B int32 // "b": int, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *NullKeyMiddle) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a", &s.A),
		readItem(c, "b", &s.B),
	)
}

// NullKeyOnly is what sessions of the application "null-key-only" hold.
type NullKeyOnly struct {
	// not here: (null key), the null key, in 1 session
}

// OAllprims is what sessions of the application "o-allprims" hold.
type OAllprims struct {
	A    *AllPrims // "a": Contoso.Shop.AllPrims, in 100.0 % of the sessions
	Zero *AllPrims // "zero": Contoso.Shop.AllPrims, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OAllprims) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a", &s.A),
		readItem(c, "zero", &s.Zero),
	)
}

// OAppcode is what sessions of the application "o-appcode" hold.
type OAppcode struct {
	Prefs *UserPrefs // "prefs": UserPrefs, in 100.0 % of the sessions
	Wiz   *Wizard    // "wiz": Wizard, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OAppcode) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "prefs", &s.Prefs),
		readItem(c, "wiz", &s.Wiz),
	)
}

// OArraylist is what sessions of the application "o-arraylist" hold.
type OArraylist struct {
	A []any // "a": ArrayList, in 100.0 % of the sessions
	E []any // "e": ArrayList, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OArraylist) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a", &s.A),
		readItem(c, "e", &s.E),
	)
}

// OByteArray10k is what sessions of the application "o-byte-array-10k" hold.
type OByteArray10k struct {
	B []uint8 // "b": byte[], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OByteArray10k) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "b", &s.B),
	)
}

// OChain100 is what sessions of the application "o-chain-100" hold.
type OChain100 struct {
	C Cell // "c": Contoso.Shop.Cell, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OChain100) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "c", &s.C),
	)
}

// OCharArrayAstral is what sessions of the application "o-char-array-astral" hold.
type OCharArrayAstral struct {
	Nul  []nrbf.Char // "nul": char[], in 100.0 % of the sessions
	Only []nrbf.Char // "only": char[], in 100.0 % of the sessions
	Pair []nrbf.Char // "pair": char[], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OCharArrayAstral) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "nul", &s.Nul),
		readItem(c, "only", &s.Only),
		readItem(c, "pair", &s.Pair),
	)
}

// OConcurrent is what sessions of the application "o-concurrent" hold.
type OConcurrent struct {
	D map[string]int32 // "d": ConcurrentDictionary<string, int>, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OConcurrent) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "d", &s.D),
	)
}

// OCulture is what sessions of the application "o-culture" hold.
type OCulture struct {
	C *nrbf.Graph // "c": CultureInfo, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OCulture) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "c", &s.C),
	)
}

// OCycle is what sessions of the application "o-cycle" hold.
type OCycle struct {
	Tree *TreeNode // "tree": Contoso.Shop.TreeNode, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OCycle) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "tree", &s.Tree),
	)
}

// OCycleSelf is what sessions of the application "o-cycle-self" hold.
type OCycleSelf struct {
	Arr  []any     // "arr": object[], in 100.0 % of the sessions
	Ring Cell      // "ring": Contoso.Shop.Cell, in 100.0 % of the sessions
	Self *TreeNode // "self": Contoso.Shop.TreeNode, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OCycleSelf) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "arr", &s.Arr),
		readItem(c, "ring", &s.Ring),
		readItem(c, "self", &s.Self),
	)
}

// ODataset is what sessions of the application "o-dataset" hold.
type ODataset struct {
	Ds *nrbf.Graph // "ds": DataSet, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ODataset) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "ds", &s.Ds),
	)
}

// ODatasetBinary is what sessions of the application "o-dataset-binary" hold.
type ODatasetBinary struct {
	Ds *nrbf.Graph // "ds": DataSet, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ODatasetBinary) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "ds", &s.Ds),
	)
}

// ODatatable is what sessions of the application "o-datatable" hold.
type ODatatable struct {
	T *nrbf.Graph // "t": DataTable, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ODatatable) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "t", &s.T),
	)
}

// ODatatableBinary is what sessions of the application "o-datatable-binary" hold.
type ODatatableBinary struct {
	T *nrbf.Graph // "t": DataTable, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ODatatableBinary) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "t", &s.T),
	)
}

// ODatatableChanges is what sessions of the application "o-datatable-changes" hold.
type ODatatableChanges struct {
	T *nrbf.Graph // "t": DataTable, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ODatatableChanges) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "t", &s.T),
	)
}

// ODatatableEmpty is what sessions of the application "o-datatable-empty" hold.
type ODatatableEmpty struct {
	None   *nrbf.Graph // "none": DataTable, in 100.0 % of the sessions
	Norows *nrbf.Graph // "norows": DataTable, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ODatatableEmpty) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "none", &s.None),
		readItem(c, "norows", &s.Norows),
	)
}

// ODatetimeArray is what sessions of the application "o-datetime-array" hold.
type ODatetimeArray struct {
	D []time.Time // "d": DateTime[], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ODatetimeArray) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "d", &s.D),
	)
}

// ODerivedCollections is what sessions of the application "o-derived-collections" hold.
type ODerivedCollections struct {
	L *ShopList // "l": Contoso.Shop.ShopList, in 100.0 % of the sessions
	M *ShopMap  // "m": Contoso.Shop.ShopMap, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ODerivedCollections) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "l", &s.L),
		readItem(c, "m", &s.M),
	)
}

// ODictOthers is what sessions of the application "o-dict-others" hold.
type ODictOthers struct {
	E   map[OrderStatus]bool // "e": Dictionary<Contoso.Shop.OrderStatus, bool>, in 100.0 % of the sessions
	G   map[nrbf.GUID]int32  // "g": Dictionary<Guid, int>, in 100.0 % of the sessions
	I   map[int32]string     // "i": Dictionary<int, string>, in 100.0 % of the sessions
	Oic map[string]string    // "oic": Dictionary<string, string>, in 100.0 % of the sessions
	Ord map[string]string    // "ord": Dictionary<string, string>, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ODictOthers) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "e", &s.E),
		readItem(c, "g", &s.G),
		readItem(c, "i", &s.I),
		readItem(c, "oic", &s.Oic),
		readItem(c, "ord", &s.Ord),
	)
}

// ODictStringObject is what sessions of the application "o-dict-string-object" hold.
type ODictStringObject struct {
	D map[string]any // "d": Dictionary<string, object>, in 100.0 % of the sessions
	E map[string]any // "e": Dictionary<string, object>, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ODictStringObject) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "d", &s.D),
		readItem(c, "e", &s.E),
	)
}

// ODrawing is what sessions of the application "o-drawing" hold.
type ODrawing struct {
	P  *nrbf.Graph // "p": Point, in 100.0 % of the sessions
	R  *nrbf.Graph // "r": Rectangle, in 100.0 % of the sessions
	Sz *nrbf.Graph // "sz": SizeF, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ODrawing) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "p", &s.P),
		readItem(c, "r", &s.R),
		readItem(c, "sz", &s.Sz),
	)
}

// OEmptyClass is what sessions of the application "o-empty-class" hold.
type OEmptyClass struct {
	E  *Empty     // "e": Contoso.Shop.Empty, in 100.0 % of the sessions
	Es []any      // "es": object[], in 100.0 % of the sessions
	O  any        // "o": object, in 100.0 % of the sessions
	V  *Versioned // "v": Contoso.Shop.Versioned, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OEmptyClass) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "e", &s.E),
		readItem(c, "es", &s.Es),
		readItem(c, "o", &s.O),
		readItem(c, "v", &s.V),
	)
}

// OEnum is what sessions of the application "o-enum" hold.
type OEnum struct {
	Bg  Big         // "bg": Contoso.Shop.Big, in 100.0 % of the sessions
	Dow int32       // "dow": DayOfWeek, in 100.0 % of the sessions
	Sm  Small       // "sm": Contoso.Shop.Small, in 100.0 % of the sessions
	St  OrderStatus // "st": Contoso.Shop.OrderStatus, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OEnum) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "bg", &s.Bg),
		readItem(c, "dow", &s.Dow),
		readItem(c, "sm", &s.Sm),
		readItem(c, "st", &s.St),
	)
}

// OEnumArray is what sessions of the application "o-enum-array" hold.
type OEnumArray struct {
	Dow   []int32       // "dow": DayOfWeek[], in 100.0 % of the sessions
	Own   []OrderStatus // "own": Contoso.Shop.OrderStatus[], in 100.0 % of the sessions
	Small []Small       // "small": Contoso.Shop.Small[], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OEnumArray) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "dow", &s.Dow),
		readItem(c, "own", &s.Own),
		readItem(c, "small", &s.Small),
	)
}

// OException is what sessions of the application "o-exception" hold.
type OException struct {
	E *nrbf.Graph // "e": ArgumentException, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OException) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "e", &s.E),
	)
}

// OGenericNested is what sessions of the application "o-generic-nested" hold.
type OGenericNested struct {
	B   *BoxOfInt32            // "b": Contoso.Shop.Box<int>, in 100.0 % of the sessions
	Bb  *BoxOfBoxOfMoney       // "bb": Contoso.Shop.Box<Contoso.Shop.Box<Contoso.Shop.Money>>, in 100.0 % of the sessions
	Bs  *BoxOfListOfString     // "bs": Contoso.Shop.Box<List<string>>, in 100.0 % of the sessions
	Lid *BoxLidOfStringDecimal // "lid": Contoso.Shop.Box<string>.Lid<decimal>, in 100.0 % of the sessions
	Tag *BoxTagOfGuid          // "tag": Contoso.Shop.Box<Guid>.Tag, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OGenericNested) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "b", &s.B),
		readItem(c, "bb", &s.Bb),
		readItem(c, "bs", &s.Bs),
		readItem(c, "lid", &s.Lid),
		readItem(c, "tag", &s.Tag),
	)
}

// OHashset is what sessions of the application "o-hashset" hold.
type OHashset struct {
	E []int32  // "e": HashSet<int>, in 100.0 % of the sessions
	I []int32  // "i": HashSet<int>, in 100.0 % of the sessions
	S []string // "s": HashSet<string>, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OHashset) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "e", &s.E),
		readItem(c, "i", &s.I),
		readItem(c, "s", &s.S),
	)
}

// OHashtable is what sessions of the application "o-hashtable" hold.
type OHashtable struct {
	E map[any]any // "e": Hashtable, in 100.0 % of the sessions
	H map[any]any // "h": Hashtable, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OHashtable) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "e", &s.E),
		readItem(c, "h", &s.H),
	)
}

// OHashtableNested is what sessions of the application "o-hashtable-nested" hold.
type OHashtableNested struct {
	H map[any]any // "h": Hashtable, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OHashtableNested) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "h", &s.H),
	)
}

// OInheritance is what sessions of the application "o-inheritance" hold.
type OInheritance struct {
	Vip *VipCustomer // "vip": Contoso.Shop.VipCustomer, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OInheritance) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "vip", &s.Vip),
	)
}

// OIntArray is what sessions of the application "o-int-array" hold.
type OIntArray struct {
	A   []int32 // "a": int[], in 100.0 % of the sessions
	One []int32 // "one": int[], in 100.0 % of the sessions
	Z   []int32 // "z": int[], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OIntArray) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a", &s.A),
		readItem(c, "one", &s.One),
		readItem(c, "z", &s.Z),
	)
}

// OIserializable is what sessions of the application "o-iserializable" hold.
type OIserializable struct {
	Cart  *Cart   // "cart": Contoso.Shop.Cart, in 100.0 % of the sessions
	Carts []*Cart // "carts": Contoso.Shop.Cart[], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OIserializable) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "cart", &s.Cart),
		readItem(c, "carts", &s.Carts),
	)
}

// OIserializableSettype is what sessions of the application "o-iserializable-settype" hold.
type OIserializableSettype struct {
	S *SingletonHelper // "s": Contoso.Shop.Singleton.Helper, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OIserializableSettype) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "s", &s.S),
	)
}

// OJagged is what sessions of the application "o-jagged" hold.
type OJagged struct {
	B  [][]uint8   // "b": byte[][], in 100.0 % of the sessions
	I  [][]int32   // "i": int[][], in 100.0 % of the sessions
	I3 [][][]int32 // "i3": int[][][], in 100.0 % of the sessions
	O  [][]any     // "o": object[][], in 100.0 % of the sessions
	S  [][]string  // "s": string[][], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OJagged) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "b", &s.B),
		readItem(c, "i", &s.I),
		readItem(c, "i3", &s.I3),
		readItem(c, "o", &s.O),
		readItem(c, "s", &s.S),
	)
}

// OLinkedlist is what sessions of the application "o-linkedlist" hold.
type OLinkedlist struct {
	B []bool   // "b": BitArray, in 100.0 % of the sessions
	C []string // "c": Collection<string>, in 100.0 % of the sessions
	L []int32  // "l": LinkedList<int>, in 100.0 % of the sessions
	R []int32  // "r": ReadOnlyCollection<int>, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OLinkedlist) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "b", &s.B),
		readItem(c, "c", &s.C),
		readItem(c, "l", &s.L),
		readItem(c, "r", &s.R),
	)
}

// OListInt is what sessions of the application "o-list-int" hold.
type OListInt struct {
	B []bool         // "b": List<bool>, in 100.0 % of the sessions
	D []float64      // "d": List<double>, in 100.0 % of the sessions
	G []nrbf.GUID    // "g": List<Guid>, in 100.0 % of the sessions
	I []int32        // "i": List<int>, in 100.0 % of the sessions
	M []nrbf.Decimal // "m": List<decimal>, in 100.0 % of the sessions
	T []time.Time    // "t": List<DateTime>, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OListInt) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "b", &s.B),
		readItem(c, "d", &s.D),
		readItem(c, "g", &s.G),
		readItem(c, "i", &s.I),
		readItem(c, "m", &s.M),
		readItem(c, "t", &s.T),
	)
}

// OListNested is what sessions of the application "o-list-nested" hold.
type OListNested struct {
	La [][]string   // "la": List<string[]>, in 100.0 % of the sessions
	Lc []*OrderLine // "lc": List<Contoso.Shop.OrderLine>, in 100.0 % of the sessions
	Ll [][]int32    // "ll": List<List<int>>, in 100.0 % of the sessions
	Lo []any        // "lo": List<object>, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OListNested) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "la", &s.La),
		readItem(c, "lc", &s.Lc),
		readItem(c, "ll", &s.Ll),
		readItem(c, "lo", &s.Lo),
	)
}

// OListString is what sessions of the application "o-list-string" hold.
type OListString struct {
	E    []string // "e": List<string>, in 100.0 % of the sessions
	Five []string // "five": List<string>, in 100.0 % of the sessions
	L    []string // "l": List<string>, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OListString) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "e", &s.E),
		readItem(c, "five", &s.Five),
		readItem(c, "l", &s.L),
	)
}

// OLongStrings is what sessions of the application "o-long-strings" hold.
type OLongStrings struct {
	A []string          // "a": string[], in 100.0 % of the sessions
	D map[string]string // "d": Dictionary<string, string>, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OLongStrings) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a", &s.A),
		readItem(c, "d", &s.D),
	)
}

// OLowerBounds is what sessions of the application "o-lower-bounds" hold.
type OLowerBounds struct {
	A []int32    // "a": int[], in 100.0 % of the sessions
	B [][]string // "b": string[,], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OLowerBounds) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a", &s.A),
		readItem(c, "b", &s.B),
	)
}

// OMemorystream is what sessions of the application "o-memorystream" hold.
type OMemorystream struct {
	M []byte // "m": MemoryStream, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OMemorystream) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "m", &s.M),
	)
}

// OMiscSystem is what sessions of the application "o-misc-system" hold.
type OMiscSystem struct {
	Big    *big.Int    // "big": BigInteger, in 100.0 % of the sessions
	Cplx   *nrbf.Graph // "cplx": Complex, in 100.0 % of the sessions
	Dbnull *nrbf.Graph // "dbnull": UnitySerializationHolder, in 100.0 % of the sessions
	Dto    time.Time   // "dto": DateTimeOffset, in 100.0 % of the sessions
	Type   *nrbf.Graph // "type": UnitySerializationHolder, in 100.0 % of the sessions
	Typeg  *nrbf.Graph // "typeg": UnitySerializationHolder, in 100.0 % of the sessions
	U      string      // "u": Uri, in 100.0 % of the sessions
	Ur     string      // "ur": Uri, in 100.0 % of the sessions
	Utc    *nrbf.Graph // "utc": TimeZoneInfo, in 100.0 % of the sessions
	V      string      // "v": Version, in 100.0 % of the sessions
	V2     string      // "v2": Version, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OMiscSystem) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "big", &s.Big),
		readItem(c, "cplx", &s.Cplx),
		readItem(c, "dbnull", &s.Dbnull),
		readItem(c, "dto", &s.Dto),
		readItem(c, "type", &s.Type),
		readItem(c, "typeg", &s.Typeg),
		readItem(c, "u", &s.U),
		readItem(c, "ur", &s.Ur),
		readItem(c, "utc", &s.Utc),
		readItem(c, "v", &s.V),
		readItem(c, "v2", &s.V2),
	)
}

// ONames is what sessions of the application "o-names" hold.
type ONames struct {
	G *Größe // "g": Contoso.Shop.Größe, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ONames) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "g", &s.G),
	)
}

// ONamevalue is what sessions of the application "o-namevalue" hold.
type ONamevalue struct {
	Hd []nrbf.Pair         // "hd": HybridDictionary, in 100.0 % of the sessions
	Ld []nrbf.Pair         // "ld": ListDictionary, in 100.0 % of the sessions
	N  map[string][]string // "n": NameValueCollection, in 100.0 % of the sessions
	Od []nrbf.Pair         // "od": OrderedDictionary, in 100.0 % of the sessions
	Sc []string            // "sc": StringCollection, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ONamevalue) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "hd", &s.Hd),
		readItem(c, "ld", &s.Ld),
		readItem(c, "n", &s.N),
		readItem(c, "od", &s.Od),
		readItem(c, "sc", &s.Sc),
	)
}

// ONullableArray is what sessions of the application "o-nullable-array" hold.
type ONullableArray struct {
	D []*time.Time // "d": DateTime?[], in 100.0 % of the sessions
	I []*int32     // "i": int?[], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ONullableArray) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "d", &s.D),
		readItem(c, "i", &s.I),
	)
}

// ONulls is what sessions of the application "o-nulls" hold.
type ONulls struct {
	Lead    []any // "lead": object[], in 100.0 % of the sessions
	N1      []any // "n1": object[], in 100.0 % of the sessions
	N1000   []any // "n1000": object[], in 100.0 % of the sessions
	N2      []any // "n2": object[], in 100.0 % of the sessions
	N255    []any // "n255": object[], in 100.0 % of the sessions
	N256    []any // "n256": object[], in 100.0 % of the sessions
	N257    []any // "n257": object[], in 100.0 % of the sessions
	Only300 []any // "only300": object[], in 100.0 % of the sessions
	Trail   []any // "trail": object[], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ONulls) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "lead", &s.Lead),
		readItem(c, "n1", &s.N1),
		readItem(c, "n1000", &s.N1000),
		readItem(c, "n2", &s.N2),
		readItem(c, "n255", &s.N255),
		readItem(c, "n256", &s.N256),
		readItem(c, "n257", &s.N257),
		readItem(c, "only300", &s.Only300),
		readItem(c, "trail", &s.Trail),
	)
}

// OObjectArray is what sessions of the application "o-object-array" hold.
type OObjectArray struct {
	E []any // "e": object[], in 100.0 % of the sessions
	O []any // "o": object[], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OObjectArray) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "e", &s.E),
		readItem(c, "o", &s.O),
	)
}

// OOrder is what sessions of the application "o-order" hold.
type OOrder struct {
	Order *Order // "order": Contoso.Shop.Order, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OOrder) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "order", &s.Order),
	)
}

// OPolyArray is what sessions of the application "o-poly-array" hold.
type OPolyArray struct {
	M *Many // "m": Contoso.Shop.Many, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OPolyArray) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "m", &s.M),
	)
}

// OPrimArrays is what sessions of the application "o-prim-arrays" hold.
type OPrimArrays struct {
	Bool     []bool          // "bool": bool[], in 100.0 % of the sessions
	Byte     []uint8         // "byte": byte[], in 100.0 % of the sessions
	Char     []nrbf.Char     // "char": char[], in 100.0 % of the sessions
	Decimal  []nrbf.Decimal  // "decimal": decimal[], in 100.0 % of the sessions
	Double   []float64       // "double": double[], in 100.0 % of the sessions
	Float    []float32       // "float": float[], in 100.0 % of the sessions
	Long     []int64         // "long": long[], in 100.0 % of the sessions
	Sbyte    []int8          // "sbyte": sbyte[], in 100.0 % of the sessions
	Short    []int16         // "short": short[], in 100.0 % of the sessions
	Timespan []nrbf.TimeSpan // "timespan": TimeSpan[], in 100.0 % of the sessions
	Uint     []uint32        // "uint": uint[], in 100.0 % of the sessions
	Ulong    []uint64        // "ulong": ulong[], in 100.0 % of the sessions
	Ushort   []uint16        // "ushort": ushort[], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OPrimArrays) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "bool", &s.Bool),
		readItem(c, "byte", &s.Byte),
		readItem(c, "char", &s.Char),
		readItem(c, "decimal", &s.Decimal),
		readItem(c, "double", &s.Double),
		readItem(c, "float", &s.Float),
		readItem(c, "long", &s.Long),
		readItem(c, "sbyte", &s.Sbyte),
		readItem(c, "short", &s.Short),
		readItem(c, "timespan", &s.Timespan),
		readItem(c, "uint", &s.Uint),
		readItem(c, "ulong", &s.Ulong),
		readItem(c, "ushort", &s.Ushort),
	)
}

// OQueueStack is what sessions of the application "o-queue-stack" hold.
type OQueueStack struct {
	Q  []any    // "q": Queue, in 100.0 % of the sessions
	Qg []int32  // "qg": Queue<int>, in 100.0 % of the sessions
	S  []any    // "s": Stack, in 100.0 % of the sessions
	Sg []string // "sg": Stack<string>, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OQueueStack) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "q", &s.Q),
		readItem(c, "qg", &s.Qg),
		readItem(c, "s", &s.S),
		readItem(c, "sg", &s.Sg),
	)
}

// ORect is what sessions of the application "o-rect" hold.
type ORect struct {
	B [][]uint8       // "b": byte[,], in 100.0 % of the sessions
	D [][][][]float64 // "d": double[,,,], in 100.0 % of the sessions
	I [][]int32       // "i": int[,], in 100.0 % of the sessions
	O [][]any         // "o": object[,], in 100.0 % of the sessions
	S [][][]string    // "s": string[,,], in 100.0 % of the sessions
	Z [][]int32       // "z": int[,], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ORect) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "b", &s.B),
		readItem(c, "d", &s.D),
		readItem(c, "i", &s.I),
		readItem(c, "o", &s.O),
		readItem(c, "s", &s.S),
		readItem(c, "z", &s.Z),
	)
}

// ORoots is what sessions of the application "o-roots" hold.
type ORoots struct {
	Arr []string  // "arr": string[], in 100.0 % of the sessions
	Cls Cell      // "cls": Contoso.Shop.Cell, in 100.0 % of the sessions
	Dt  time.Time // "dt": DateTimeOffset, in 100.0 % of the sessions
	En  int32     // "en": ConsoleColor, in 100.0 % of the sessions
	St  struct {
		Key   string `nrbf:"key"`
		Value any    `nrbf:"value"`
	} // "st": KeyValuePair<string, object>, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *ORoots) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "arr", &s.Arr),
		readItem(c, "cls", &s.Cls),
		readItem(c, "dt", &s.Dt),
		readItem(c, "en", &s.En),
		readItem(c, "st", &s.St),
	)
}

// OShared is what sessions of the application "o-shared" hold.
type OShared struct {
	Again   []any    // "again": object[], in 100.0 % of the sessions
	Arr     []any    // "arr": object[], in 100.0 % of the sessions
	Pair    []any    // "pair": object[], in 100.0 % of the sessions
	Strings []string // "strings": string[], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OShared) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "again", &s.Again),
		readItem(c, "arr", &s.Arr),
		readItem(c, "pair", &s.Pair),
		readItem(c, "strings", &s.Strings),
	)
}

// OSharedBoxes is what sessions of the application "o-shared-boxes" hold.
type OSharedBoxes struct {
	Arr    []any      // "arr": object[], in 100.0 % of the sessions
	Fields []Cell     // "fields": Contoso.Shop.Cell[], in 100.0 % of the sessions
	Line   *OrderLine // "line": Contoso.Shop.OrderLine, in 100.0 % of the sessions
	List   []any      // "list": List<object>, in 100.0 % of the sessions
	Num    []any      // "num": object[], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OSharedBoxes) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "arr", &s.Arr),
		readItem(c, "fields", &s.Fields),
		readItem(c, "line", &s.Line),
		readItem(c, "list", &s.List),
		readItem(c, "num", &s.Num),
	)
}

// OSortedlist is what sessions of the application "o-sortedlist" hold.
type OSortedlist struct {
	D map[int32]string // "d": SortedDictionary<int, string>, in 100.0 % of the sessions
	G map[string]int32 // "g": SortedList<string, int>, in 100.0 % of the sessions
	O []nrbf.Pair      // "o": SortedList, in 100.0 % of the sessions
	S []int32          // "s": SortedSet<int>, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OSortedlist) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "d", &s.D),
		readItem(c, "g", &s.G),
		readItem(c, "o", &s.O),
		readItem(c, "s", &s.S),
	)
}

// OStringArray is what sessions of the application "o-string-array" hold.
type OStringArray struct {
	A       []string // "a": string[], in 100.0 % of the sessions
	Allnull []string // "allnull": string[], in 100.0 % of the sessions
	E       []string // "e": string[], in 100.0 % of the sessions
	N       []string // "n": string[], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OStringArray) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a", &s.A),
		readItem(c, "allnull", &s.Allnull),
		readItem(c, "e", &s.E),
		readItem(c, "n", &s.N),
	)
}

// OStringbuilder is what sessions of the application "o-stringbuilder" hold.
type OStringbuilder struct {
	E string // "e": StringBuilder, in 100.0 % of the sessions
	L string // "l": StringBuilder, in 100.0 % of the sessions
	S string // "s": StringBuilder, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OStringbuilder) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "e", &s.E),
		readItem(c, "l", &s.L),
		readItem(c, "s", &s.S),
	)
}

// OStrongname is what sessions of the application "o-strongname" hold.
type OStrongname struct {
	P *Person // "p": Contoso.Shop.Person, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OStrongname) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "p", &s.P),
	)
}

// OStruct is what sessions of the application "o-struct" hold.
type OStruct struct {
	D Money  // "d": Contoso.Shop.Money, in 100.0 % of the sessions
	M Money  // "m": Contoso.Shop.Money, in 100.0 % of the sessions
	P Point3 // "p": Contoso.Shop.Point3, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OStruct) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "d", &s.D),
		readItem(c, "m", &s.M),
		readItem(c, "p", &s.P),
	)
}

// OStructArray is what sessions of the application "o-struct-array" hold.
type OStructArray struct {
	Dto []time.Time // "dto": DateTimeOffset[], in 100.0 % of the sessions
	G   []nrbf.GUID // "g": Guid[], in 100.0 % of the sessions
	Kv  []struct {
		Key   string `nrbf:"key"`
		Value int32  `nrbf:"value"`
	} // "kv": KeyValuePair<string, int>[], in 100.0 % of the sessions
	M []Money  // "m": Contoso.Shop.Money[], in 100.0 % of the sessions
	P []Point3 // "p": Contoso.Shop.Point3[], in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OStructArray) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "dto", &s.Dto),
		readItem(c, "g", &s.G),
		readItem(c, "kv", &s.Kv),
		readItem(c, "m", &s.M),
		readItem(c, "p", &s.P),
	)
}

// OStructOtherLib is what sessions of the application "o-struct-other-lib" hold.
type OStructOtherLib struct {
	Arr []struct {
		Key   int32 `nrbf:"key"`
		Value Money `nrbf:"value"`
	} // "arr": KeyValuePair<int, Contoso.Shop.Money>[], in 100.0 % of the sessions
	D  map[string]Point3 // "d": Dictionary<string, Contoso.Shop.Point3>, in 100.0 % of the sessions
	Kv struct {
		Key   string `nrbf:"key"`
		Value Money  `nrbf:"value"`
	} // "kv": KeyValuePair<string, Contoso.Shop.Money>, in 100.0 % of the sessions
	T []any // "t": Tuple<Contoso.Shop.Money, Contoso.Shop.OrderStatus>, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OStructOtherLib) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "arr", &s.Arr),
		readItem(c, "d", &s.D),
		readItem(c, "kv", &s.Kv),
		readItem(c, "t", &s.T),
	)
}

// OTuple is what sessions of the application "o-tuple" hold.
type OTuple struct {
	Kv struct {
		Key   int32  `nrbf:"key"`
		Value string `nrbf:"value"`
	} // "kv": KeyValuePair<int, string>, in 100.0 % of the sessions
	T2 []any // "t2": Tuple<int, string>, in 100.0 % of the sessions
	T3 []any // "t3": Tuple<string, double, object>, in 100.0 % of the sessions
	Tn []any // "tn": Tuple<int, Tuple<int, int>>, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OTuple) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "kv", &s.Kv),
		readItem(c, "t2", &s.T2),
		readItem(c, "t3", &s.T3),
		readItem(c, "tn", &s.Tn),
	)
}

// OWide is what sessions of the application "o-wide" hold.
type OWide struct {
	D map[int32]string // "d": Dictionary<int, string>, in 100.0 % of the sessions
	L []any            // "l": List<object>, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *OWide) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "d", &s.D),
		readItem(c, "l", &s.L),
	)
}

// PAll is what sessions of the application "p-all" hold.
type PAll struct {
	Boolean  bool          // "Boolean": bool, in 100.0 % of the sessions
	Byte     uint8         // "Byte": byte, in 100.0 % of the sessions
	Char     nrbf.Char     // "Char": char, in 100.0 % of the sessions
	DateTime time.Time     // "DateTime": DateTime, in 100.0 % of the sessions
	Decimal  nrbf.Decimal  // "Decimal": decimal, in 100.0 % of the sessions
	Double   float64       // "Double": double, in 100.0 % of the sessions
	Guid     nrbf.GUID     // "Guid": Guid, in 100.0 % of the sessions
	Int16    int16         // "Int16": short, in 100.0 % of the sessions
	Int32    int32         // "Int32": int, in 100.0 % of the sessions
	Int64    int64         // "Int64": long, in 100.0 % of the sessions
	IntPtr   int64         // "IntPtr": IntPtr, in 100.0 % of the sessions
	Null     any           // "Null": null, in 100.0 % of the sessions
	Object   []int32       // "Object": int[], in 100.0 % of the sessions
	SByte    int8          // "SByte": sbyte, in 100.0 % of the sessions
	Single   float32       // "Single": float, in 100.0 % of the sessions
	String   string        // "String": string, in 100.0 % of the sessions
	TimeSpan nrbf.TimeSpan // "TimeSpan": TimeSpan, in 100.0 % of the sessions
	UInt16   uint16        // "UInt16": ushort, in 100.0 % of the sessions
	UInt32   uint32        // "UInt32": uint, in 100.0 % of the sessions
	UInt64   uint64        // "UInt64": ulong, in 100.0 % of the sessions
	UIntPtr  uint64        // "UIntPtr": UIntPtr, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PAll) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "Boolean", &s.Boolean),
		readItem(c, "Byte", &s.Byte),
		readItem(c, "Char", &s.Char),
		readItem(c, "DateTime", &s.DateTime),
		readItem(c, "Decimal", &s.Decimal),
		readItem(c, "Double", &s.Double),
		readItem(c, "Guid", &s.Guid),
		readItem(c, "Int16", &s.Int16),
		readItem(c, "Int32", &s.Int32),
		readItem(c, "Int64", &s.Int64),
		readItem(c, "IntPtr", &s.IntPtr),
		readItem(c, "Null", &s.Null),
		readItem(c, "Object", &s.Object),
		readItem(c, "SByte", &s.SByte),
		readItem(c, "Single", &s.Single),
		readItem(c, "String", &s.String),
		readItem(c, "TimeSpan", &s.TimeSpan),
		readItem(c, "UInt16", &s.UInt16),
		readItem(c, "UInt32", &s.UInt32),
		readItem(c, "UInt64", &s.UInt64),
		readItem(c, "UIntPtr", &s.UIntPtr),
	)
}

// PBoolean is what sessions of the application "p-boolean" hold.
type PBoolean struct {
	F bool // "f": bool, in 100.0 % of the sessions
	T bool // "t": bool, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PBoolean) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "f", &s.F),
		readItem(c, "t", &s.T),
	)
}

// PByte is what sessions of the application "p-byte" hold.
type PByte struct {
	B0   uint8 // "b0": byte, in 100.0 % of the sessions
	B127 uint8 // "b127": byte, in 100.0 % of the sessions
	B128 uint8 // "b128": byte, in 100.0 % of the sessions
	B255 uint8 // "b255": byte, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PByte) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "b0", &s.B0),
		readItem(c, "b127", &s.B127),
		readItem(c, "b128", &s.B128),
		readItem(c, "b255", &s.B255),
	)
}

// PChar is what sessions of the application "p-char" hold.
type PChar struct {
	A    nrbf.Char // "A": char, in 100.0 % of the sessions
	Bom  nrbf.Char // "bom": char, in 100.0 % of the sessions
	D7ff nrbf.Char // "d7ff": char, in 100.0 % of the sessions
	E    nrbf.Char // "e": char, in 100.0 % of the sessions
	E000 nrbf.Char // "e000": char, in 100.0 % of the sessions
	Ffff nrbf.Char // "ffff": char, in 100.0 % of the sessions
	Han  nrbf.Char // "han": char, in 100.0 % of the sessions
	Nul  nrbf.Char // "nul": char, in 100.0 % of the sessions
	X7f  nrbf.Char // "x7f": char, in 100.0 % of the sessions
	X7ff nrbf.Char // "x7ff": char, in 100.0 % of the sessions
	X80  nrbf.Char // "x80": char, in 100.0 % of the sessions
	X800 nrbf.Char // "x800": char, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PChar) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "A", &s.A),
		readItem(c, "bom", &s.Bom),
		readItem(c, "d7ff", &s.D7ff),
		readItem(c, "e", &s.E),
		readItem(c, "e000", &s.E000),
		readItem(c, "ffff", &s.Ffff),
		readItem(c, "han", &s.Han),
		readItem(c, "nul", &s.Nul),
		readItem(c, "x7f", &s.X7f),
		readItem(c, "x7ff", &s.X7ff),
		readItem(c, "x80", &s.X80),
		readItem(c, "x800", &s.X800),
	)
}

// PDatetime is what sessions of the application "p-datetime" hold.
type PDatetime struct {
	Epoch time.Time // "epoch": DateTime, in 100.0 % of the sessions
	Leap  time.Time // "leap": DateTime, in 100.0 % of the sessions
	Local time.Time // "local": DateTime, in 100.0 % of the sessions
	Max   time.Time // "max": DateTime, in 100.0 % of the sessions
	Min   time.Time // "min": DateTime, in 100.0 % of the sessions
	Ticks time.Time // "ticks": DateTime, in 100.0 % of the sessions
	Utc   time.Time // "utc": DateTime, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PDatetime) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "epoch", &s.Epoch),
		readItem(c, "leap", &s.Leap),
		readItem(c, "local", &s.Local),
		readItem(c, "max", &s.Max),
		readItem(c, "min", &s.Min),
		readItem(c, "ticks", &s.Ticks),
		readItem(c, "utc", &s.Utc),
	)
}

// PDecimal is what sessions of the application "p-decimal" hold.
type PDecimal struct {
	Max       nrbf.Decimal // "max": decimal, in 100.0 % of the sessions
	Min       nrbf.Decimal // "min": decimal, in 100.0 % of the sessions
	Money     nrbf.Decimal // "money": decimal, in 100.0 % of the sessions
	Negzero   nrbf.Decimal // "negzero": decimal, in 100.0 % of the sessions
	Negzero28 nrbf.Decimal // "negzero28": decimal, in 100.0 % of the sessions
	One       nrbf.Decimal // "one": decimal, in 100.0 % of the sessions
	One3      nrbf.Decimal // "one3": decimal, in 100.0 % of the sessions
	Tiny      nrbf.Decimal // "tiny": decimal, in 100.0 % of the sessions
	Words     nrbf.Decimal // "words": decimal, in 100.0 % of the sessions
	Zero      nrbf.Decimal // "zero": decimal, in 100.0 % of the sessions
	Zero2     nrbf.Decimal // "zero2": decimal, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PDecimal) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "max", &s.Max),
		readItem(c, "min", &s.Min),
		readItem(c, "money", &s.Money),
		readItem(c, "negzero", &s.Negzero),
		readItem(c, "negzero28", &s.Negzero28),
		readItem(c, "one", &s.One),
		readItem(c, "one3", &s.One3),
		readItem(c, "tiny", &s.Tiny),
		readItem(c, "words", &s.Words),
		readItem(c, "zero", &s.Zero),
		readItem(c, "zero2", &s.Zero2),
	)
}

// PDouble is what sessions of the application "p-double" hold.
type PDouble struct {
	Eps     float64 // "eps": double, in 100.0 % of the sessions
	Inf     float64 // "inf": double, in 100.0 % of the sessions
	Max     float64 // "max": double, in 100.0 % of the sessions
	Min     float64 // "min": double, in 100.0 % of the sessions
	Nan     float64 // "nan": double, in 100.0 % of the sessions
	Nanpay  float64 // "nanpay": double, in 100.0 % of the sessions
	Negzero float64 // "negzero": double, in 100.0 % of the sessions
	Ninf    float64 // "ninf": double, in 100.0 % of the sessions
	Norm    float64 // "norm": double, in 100.0 % of the sessions
	Pi      float64 // "pi": double, in 100.0 % of the sessions
	Sub     float64 // "sub": double, in 100.0 % of the sessions
	Tenth   float64 // "tenth": double, in 100.0 % of the sessions
	Zero    float64 // "zero": double, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PDouble) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "eps", &s.Eps),
		readItem(c, "inf", &s.Inf),
		readItem(c, "max", &s.Max),
		readItem(c, "min", &s.Min),
		readItem(c, "nan", &s.Nan),
		readItem(c, "nanpay", &s.Nanpay),
		readItem(c, "negzero", &s.Negzero),
		readItem(c, "ninf", &s.Ninf),
		readItem(c, "norm", &s.Norm),
		readItem(c, "pi", &s.Pi),
		readItem(c, "sub", &s.Sub),
		readItem(c, "tenth", &s.Tenth),
		readItem(c, "zero", &s.Zero),
	)
}

// PGuid is what sessions of the application "p-guid" hold.
type PGuid struct {
	Empty nrbf.GUID // "empty": Guid, in 100.0 % of the sessions
	Ones  nrbf.GUID // "ones": Guid, in 100.0 % of the sessions
	Order nrbf.GUID // "order": Guid, in 100.0 % of the sessions
	V4    nrbf.GUID // "v4": Guid, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PGuid) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "empty", &s.Empty),
		readItem(c, "ones", &s.Ones),
		readItem(c, "order", &s.Order),
		readItem(c, "v4", &s.V4),
	)
}

// PInt16 is what sessions of the application "p-int16" hold.
type PInt16 struct {
	M1    int16 // "m1": short, in 100.0 % of the sessions
	Max   int16 // "max": short, in 100.0 % of the sessions
	Min   int16 // "min": short, in 100.0 % of the sessions
	Order int16 // "order": short, in 100.0 % of the sessions
	Zero  int16 // "zero": short, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PInt16) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "m1", &s.M1),
		readItem(c, "max", &s.Max),
		readItem(c, "min", &s.Min),
		readItem(c, "order", &s.Order),
		readItem(c, "zero", &s.Zero),
	)
}

// PInt32 is what sessions of the application "p-int32" hold.
type PInt32 struct {
	M1    int32 // "m1": int, in 100.0 % of the sessions
	Max   int32 // "max": int, in 100.0 % of the sessions
	Min   int32 // "min": int, in 100.0 % of the sessions
	One   int32 // "one": int, in 100.0 % of the sessions
	Order int32 // "order": int, in 100.0 % of the sessions
	Zero  int32 // "zero": int, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PInt32) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "m1", &s.M1),
		readItem(c, "max", &s.Max),
		readItem(c, "min", &s.Min),
		readItem(c, "one", &s.One),
		readItem(c, "order", &s.Order),
		readItem(c, "zero", &s.Zero),
	)
}

// PInt64 is what sessions of the application "p-int64" hold.
type PInt64 struct {
	M1    int64 // "m1": long, in 100.0 % of the sessions
	Max   int64 // "max": long, in 100.0 % of the sessions
	Min   int64 // "min": long, in 100.0 % of the sessions
	Order int64 // "order": long, in 100.0 % of the sessions
	P53   int64 // "p53": long, in 100.0 % of the sessions
	Zero  int64 // "zero": long, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PInt64) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "m1", &s.M1),
		readItem(c, "max", &s.Max),
		readItem(c, "min", &s.Min),
		readItem(c, "order", &s.Order),
		readItem(c, "p53", &s.P53),
		readItem(c, "zero", &s.Zero),
	)
}

// PIntptr is what sessions of the application "p-intptr" hold.
type PIntptr struct {
	I0   int64  // "i0": IntPtr, in 100.0 % of the sessions
	Im1  int64  // "im1": IntPtr, in 100.0 % of the sessions
	Imax int64  // "imax": IntPtr, in 100.0 % of the sessions
	Imin int64  // "imin": IntPtr, in 100.0 % of the sessions
	U0   uint64 // "u0": UIntPtr, in 100.0 % of the sessions
	U1   uint64 // "u1": UIntPtr, in 100.0 % of the sessions
	Umax uint64 // "umax": UIntPtr, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PIntptr) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "i0", &s.I0),
		readItem(c, "im1", &s.Im1),
		readItem(c, "imax", &s.Imax),
		readItem(c, "imin", &s.Imin),
		readItem(c, "u0", &s.U0),
		readItem(c, "u1", &s.U1),
		readItem(c, "umax", &s.Umax),
	)
}

// PIntptr4 is what sessions of the application "p-intptr4" hold.
type PIntptr4 struct {
	P int64 // "p": IntPtr, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PIntptr4) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "p", &s.P),
	)
}

// PNull is what sessions of the application "p-null" hold.
type PNull struct {
	A any    // "a": null, in 100.0 % of the sessions
	B string // "b": string, in 100.0 % of the sessions
	C any    // "c": null, in 100.0 % of the sessions
	D any    // "d": null, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PNull) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a", &s.A),
		readItem(c, "b", &s.B),
		readItem(c, "c", &s.C),
		readItem(c, "d", &s.D),
	)
}

// PNullable is what sessions of the application "p-nullable" hold.
type PNullable struct {
	A int32     // "a": int, in 100.0 % of the sessions
	B bool      // "b": bool, in 100.0 % of the sessions
	C time.Time // "c": DateTime, in 100.0 % of the sessions
	D any       // "d": null, in 100.0 % of the sessions
	E nrbf.GUID // "e": Guid, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PNullable) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a", &s.A),
		readItem(c, "b", &s.B),
		readItem(c, "c", &s.C),
		readItem(c, "d", &s.D),
		readItem(c, "e", &s.E),
	)
}

// PSbyte is what sessions of the application "p-sbyte" hold.
type PSbyte struct {
	M1   int8 // "m1": sbyte, in 100.0 % of the sessions
	Max  int8 // "max": sbyte, in 100.0 % of the sessions
	Min  int8 // "min": sbyte, in 100.0 % of the sessions
	Zero int8 // "zero": sbyte, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PSbyte) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "m1", &s.M1),
		readItem(c, "max", &s.Max),
		readItem(c, "min", &s.Min),
		readItem(c, "zero", &s.Zero),
	)
}

// PSingle is what sessions of the application "p-single" hold.
type PSingle struct {
	Eps     float32 // "eps": float, in 100.0 % of the sessions
	Inf     float32 // "inf": float, in 100.0 % of the sessions
	Max     float32 // "max": float, in 100.0 % of the sessions
	Min     float32 // "min": float, in 100.0 % of the sessions
	Nan     float32 // "nan": float, in 100.0 % of the sessions
	Nanpay  float32 // "nanpay": float, in 100.0 % of the sessions
	Negzero float32 // "negzero": float, in 100.0 % of the sessions
	Ninf    float32 // "ninf": float, in 100.0 % of the sessions
	Norm    float32 // "norm": float, in 100.0 % of the sessions
	Sub     float32 // "sub": float, in 100.0 % of the sessions
	Third   float32 // "third": float, in 100.0 % of the sessions
	X15     float32 // "x15": float, in 100.0 % of the sessions
	Zero    float32 // "zero": float, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PSingle) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "eps", &s.Eps),
		readItem(c, "inf", &s.Inf),
		readItem(c, "max", &s.Max),
		readItem(c, "min", &s.Min),
		readItem(c, "nan", &s.Nan),
		readItem(c, "nanpay", &s.Nanpay),
		readItem(c, "negzero", &s.Negzero),
		readItem(c, "ninf", &s.Ninf),
		readItem(c, "norm", &s.Norm),
		readItem(c, "sub", &s.Sub),
		readItem(c, "third", &s.Third),
		readItem(c, "x15", &s.X15),
		readItem(c, "zero", &s.Zero),
	)
}

// PString is what sessions of the application "p-string" hold.
type PString struct {
	Ascii   string // "ascii": string, in 100.0 % of the sessions
	Astral  string // "astral": string, in 100.0 % of the sessions
	Bmp     string // "bmp": string, in 100.0 % of the sessions
	Bom     string // "bom": string, in 100.0 % of the sessions
	Crlf    string // "crlf": string, in 100.0 % of the sessions
	Ctl     string // "ctl": string, in 100.0 % of the sessions
	Empty   string // "empty": string, in 100.0 % of the sessions
	Latin   string // "latin": string, in 100.0 % of the sessions
	Nonchar string // "nonchar": string, in 100.0 % of the sessions
	Nul     string // "nul": string, in 100.0 % of the sessions
	Quote   string // "quote": string, in 100.0 % of the sessions
	Space   string // "space": string, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PString) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "ascii", &s.Ascii),
		readItem(c, "astral", &s.Astral),
		readItem(c, "bmp", &s.Bmp),
		readItem(c, "bom", &s.Bom),
		readItem(c, "crlf", &s.Crlf),
		readItem(c, "ctl", &s.Ctl),
		readItem(c, "empty", &s.Empty),
		readItem(c, "latin", &s.Latin),
		readItem(c, "nonchar", &s.Nonchar),
		readItem(c, "nul", &s.Nul),
		readItem(c, "quote", &s.Quote),
		readItem(c, "space", &s.Space),
	)
}

// PStringLen is what sessions of the application "p-string-len" hold.
type PStringLen struct {
	N1     string // "n1": string, in 100.0 % of the sessions
	N126   string // "n126": string, in 100.0 % of the sessions
	N127   string // "n127": string, in 100.0 % of the sessions
	N128   string // "n128": string, in 100.0 % of the sessions
	N129   string // "n129": string, in 100.0 % of the sessions
	N16383 string // "n16383": string, in 100.0 % of the sessions
	N16384 string // "n16384": string, in 100.0 % of the sessions
	N16385 string // "n16385": string, in 100.0 % of the sessions
	N255   string // "n255": string, in 100.0 % of the sessions
	N256   string // "n256": string, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PStringLen) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "n1", &s.N1),
		readItem(c, "n126", &s.N126),
		readItem(c, "n127", &s.N127),
		readItem(c, "n128", &s.N128),
		readItem(c, "n129", &s.N129),
		readItem(c, "n16383", &s.N16383),
		readItem(c, "n16384", &s.N16384),
		readItem(c, "n16385", &s.N16385),
		readItem(c, "n255", &s.N255),
		readItem(c, "n256", &s.N256),
	)
}

// PStringLenUtf8 is what sessions of the application "p-string-len-utf8" hold.
type PStringLenUtf8 struct {
	A32   string // "a32": string, in 100.0 % of the sessions
	E63   string // "e63": string, in 100.0 % of the sessions
	E64   string // "e64": string, in 100.0 % of the sessions
	E8191 string // "e8191": string, in 100.0 % of the sessions
	E8192 string // "e8192": string, in 100.0 % of the sessions
	K42   string // "k42": string, in 100.0 % of the sessions
	K43   string // "k43": string, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PStringLenUtf8) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a32", &s.A32),
		readItem(c, "e63", &s.E63),
		readItem(c, "e64", &s.E64),
		readItem(c, "e8191", &s.E8191),
		readItem(c, "e8192", &s.E8192),
		readItem(c, "k42", &s.K42),
		readItem(c, "k43", &s.K43),
	)
}

// PTimespan is what sessions of the application "p-timespan" hold.
type PTimespan struct {
	Day  nrbf.TimeSpan // "day": TimeSpan, in 100.0 % of the sessions
	Max  nrbf.TimeSpan // "max": TimeSpan, in 100.0 % of the sessions
	Min  nrbf.TimeSpan // "min": TimeSpan, in 100.0 % of the sessions
	Neg  nrbf.TimeSpan // "neg": TimeSpan, in 100.0 % of the sessions
	Tick nrbf.TimeSpan // "tick": TimeSpan, in 100.0 % of the sessions
	Zero nrbf.TimeSpan // "zero": TimeSpan, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PTimespan) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "day", &s.Day),
		readItem(c, "max", &s.Max),
		readItem(c, "min", &s.Min),
		readItem(c, "neg", &s.Neg),
		readItem(c, "tick", &s.Tick),
		readItem(c, "zero", &s.Zero),
	)
}

// PUint16 is what sessions of the application "p-uint16" hold.
type PUint16 struct {
	Max  uint16 // "max": ushort, in 100.0 % of the sessions
	Mid  uint16 // "mid": ushort, in 100.0 % of the sessions
	Zero uint16 // "zero": ushort, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PUint16) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "max", &s.Max),
		readItem(c, "mid", &s.Mid),
		readItem(c, "zero", &s.Zero),
	)
}

// PUint32 is what sessions of the application "p-uint32" hold.
type PUint32 struct {
	Max  uint32 // "max": uint, in 100.0 % of the sessions
	Mid  uint32 // "mid": uint, in 100.0 % of the sessions
	Zero uint32 // "zero": uint, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PUint32) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "max", &s.Max),
		readItem(c, "mid", &s.Mid),
		readItem(c, "zero", &s.Zero),
	)
}

// PUint64 is what sessions of the application "p-uint64" hold.
type PUint64 struct {
	Max  uint64 // "max": ulong, in 100.0 % of the sessions
	Mid  uint64 // "mid": ulong, in 100.0 % of the sessions
	Zero uint64 // "zero": ulong, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PUint64) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "max", &s.Max),
		readItem(c, "mid", &s.Mid),
		readItem(c, "zero", &s.Zero),
	)
}

// PUintptr4 is what sessions of the application "p-uintptr4" hold.
type PUintptr4 struct {
	P uint64 // "p": UIntPtr, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *PUintptr4) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "p", &s.P),
	)
}

// Primitives is what sessions of the application "primitives" hold.
type Primitives struct {
	AcceptedTerms   bool         // "AcceptedTerms": bool, in 100.0 % of the sessions
	CartCount       int32        // "CartCount": int, in 100.0 % of the sessions
	CsrfToken       string       // "CsrfToken": string, in 100.0 % of the sessions
	Culture         string       // "Culture": string, in 100.0 % of the sessions
	DisplayName     string       // "DisplayName": string, in 100.0 % of the sessions
	IsAdmin         bool         // "IsAdmin": bool, in 100.0 % of the sessions
	IsMobile        bool         // "IsMobile": bool, in 100.0 % of the sessions
	LastSearch      string       // "LastSearch": string, in 100.0 % of the sessions
	LastSeen        time.Time    // "LastSeen": DateTime, in 100.0 % of the sessions
	LoginTime       time.Time    // "LoginTime": DateTime, in 100.0 % of the sessions
	PageSize        int32        // "PageSize": int, in 100.0 % of the sessions
	PasswordExpires time.Time    // "PasswordExpires": DateTime, in 100.0 % of the sessions
	ReturnUrl       string       // "ReturnUrl": string, in 100.0 % of the sessions
	Score           float64      // "Score": double, in 100.0 % of the sessions
	SessionKey      nrbf.GUID    // "SessionKey": Guid, in 100.0 % of the sessions
	TenantId        int32        // "TenantId": int, in 100.0 % of the sessions
	Theme           string       // "Theme": string, in 100.0 % of the sessions
	Total           nrbf.Decimal // "Total": decimal, in 100.0 % of the sessions
	UserId          int32        // "UserId": int, in 100.0 % of the sessions
	UserName        string       // "UserName": string, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *Primitives) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "AcceptedTerms", &s.AcceptedTerms),
		readItem(c, "CartCount", &s.CartCount),
		readItem(c, "CsrfToken", &s.CsrfToken),
		readItem(c, "Culture", &s.Culture),
		readItem(c, "DisplayName", &s.DisplayName),
		readItem(c, "IsAdmin", &s.IsAdmin),
		readItem(c, "IsMobile", &s.IsMobile),
		readItem(c, "LastSearch", &s.LastSearch),
		readItem(c, "LastSeen", &s.LastSeen),
		readItem(c, "LoginTime", &s.LoginTime),
		readItem(c, "PageSize", &s.PageSize),
		readItem(c, "PasswordExpires", &s.PasswordExpires),
		readItem(c, "ReturnUrl", &s.ReturnUrl),
		readItem(c, "Score", &s.Score),
		readItem(c, "SessionKey", &s.SessionKey),
		readItem(c, "TenantId", &s.TenantId),
		readItem(c, "Theme", &s.Theme),
		readItem(c, "Total", &s.Total),
		readItem(c, "UserId", &s.UserId),
		readItem(c, "UserName", &s.UserName),
	)
}

// Removed is what sessions of the application "removed" hold.
type Removed struct {
	K1 int32  // "k1": int, in 100.0 % of the sessions
	K2 string // "k2": string, in 100.0 % of the sessions
	K3 int32  // "k3": int, in 100.0 % of the sessions
	K4 int32  // "k4": int, in 100.0 % of the sessions
	K5 any    // "k5": null, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *Removed) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "k1", &s.K1),
		readItem(c, "k2", &s.K2),
		readItem(c, "k3", &s.K3),
		readItem(c, "k4", &s.K4),
		readItem(c, "k5", &s.K5),
	)
}

// SBool2 is what sessions of the application "s-bool-2" hold.
type SBool2 struct {
	B bool // "b": bool, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *SBool2) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "b", &s.B),
	)
}

// SHasItemsCount0 is what sessions of the application "s-has-items-count-0" hold.
type SHasItemsCount0 struct {
}

// SNrbfBigIds is what sessions of the application "s-nrbf-big-ids" hold.
type SNrbfBigIds struct {
	O Cell // "o": Contoso.Shop.Cell, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *SNrbfBigIds) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "o", &s.O),
	)
}

// SNrbfClassWithId is what sessions of the application "s-nrbf-class-with-id" hold.
type SNrbfClassWithId struct {
	O Cell // "o": Contoso.Shop.Cell, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *SNrbfClassWithId) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "o", &s.O),
	)
}

// SNrbfInlineMembers is what sessions of the application "s-nrbf-inline-members" hold.
type SNrbfInlineMembers struct {
	O Cell // "o": Contoso.Shop.Cell, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *SNrbfInlineMembers) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "o", &s.O),
	)
}

// SNullIndexOutOfRange is what sessions of the application "s-null-index-out-of-range" hold.
type SNullIndexOutOfRange struct {
	A int32 // "a": int, in 100.0 % of the sessions
	B int32 // "b": int, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *SNullIndexOutOfRange) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a", &s.A),
		readItem(c, "b", &s.B),
	)
}

// SOverlong7bit is what sessions of the application "s-overlong-7bit" hold.
type SOverlong7bit struct {
	Hi int32 // "hi": int, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *SOverlong7bit) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "hi", &s.Hi),
	)
}

// SStaticEmpty is what sessions of the application "s-static-empty" hold.
type SStaticEmpty struct {
}

// StaticMixed is what sessions of the application "static-mixed" hold.
type StaticMixed struct {
	A string // "a": string, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *StaticMixed) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a", &s.A),
	)
}

// StaticNever is what sessions of the application "static-never" hold.
type StaticNever struct {
	A int32 // "a": int, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *StaticNever) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a", &s.A),
	)
}

// StaticOne is what sessions of the application "static-one" hold.
type StaticOne struct {
	A int32 // "a": int, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *StaticOne) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a", &s.A),
	)
}

// StaticOnly is what sessions of the application "static-only" hold.
type StaticOnly struct {
}

// StaticValue is what sessions of the application "static-value" hold.
type StaticValue struct {
	A int32 // "a": int, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *StaticValue) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "a", &s.A),
	)
}

// Timeout525600 is what sessions of the application "timeout-525600" hold.
type Timeout525600 struct {
	K string // "k": string, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *Timeout525600) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "k", &s.K),
	)
}

// Typical is what sessions of the application "typical" hold.
type Typical struct {
	AcceptedTerms   bool         // "AcceptedTerms": bool, in 100.0 % of the sessions
	CartCount       int32        // "CartCount": int, in 100.0 % of the sessions
	CsrfToken       string       // "CsrfToken": string, in 100.0 % of the sessions
	Culture         string       // "Culture": string, in 100.0 % of the sessions
	DisplayName     string       // "DisplayName": string, in 100.0 % of the sessions
	Grid            *nrbf.Graph  // "Grid": DataTable, in 100.0 % of the sessions
	IsAdmin         bool         // "IsAdmin": bool, in 100.0 % of the sessions
	IsMobile        bool         // "IsMobile": bool, in 100.0 % of the sessions
	LastSearch      string       // "LastSearch": string, in 100.0 % of the sessions
	LastSeen        time.Time    // "LastSeen": DateTime, in 100.0 % of the sessions
	LoginTime       time.Time    // "LoginTime": DateTime, in 100.0 % of the sessions
	PageSize        int32        // "PageSize": int, in 100.0 % of the sessions
	PasswordExpires time.Time    // "PasswordExpires": DateTime, in 100.0 % of the sessions
	ReturnUrl       string       // "ReturnUrl": string, in 100.0 % of the sessions
	Roles           []string     // "Roles": List<string>, in 100.0 % of the sessions
	TenantId        int32        // "TenantId": int, in 100.0 % of the sessions
	Theme           string       // "Theme": string, in 100.0 % of the sessions
	Total           nrbf.Decimal // "Total": decimal, in 100.0 % of the sessions
	UserId          int32        // "UserId": int, in 100.0 % of the sessions
	UserName        string       // "UserName": string, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *Typical) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "AcceptedTerms", &s.AcceptedTerms),
		readItem(c, "CartCount", &s.CartCount),
		readItem(c, "CsrfToken", &s.CsrfToken),
		readItem(c, "Culture", &s.Culture),
		readItem(c, "DisplayName", &s.DisplayName),
		readItem(c, "Grid", &s.Grid),
		readItem(c, "IsAdmin", &s.IsAdmin),
		readItem(c, "IsMobile", &s.IsMobile),
		readItem(c, "LastSearch", &s.LastSearch),
		readItem(c, "LastSeen", &s.LastSeen),
		readItem(c, "LoginTime", &s.LoginTime),
		readItem(c, "PageSize", &s.PageSize),
		readItem(c, "PasswordExpires", &s.PasswordExpires),
		readItem(c, "ReturnUrl", &s.ReturnUrl),
		readItem(c, "Roles", &s.Roles),
		readItem(c, "TenantId", &s.TenantId),
		readItem(c, "Theme", &s.Theme),
		readItem(c, "Total", &s.Total),
		readItem(c, "UserId", &s.UserId),
		readItem(c, "UserName", &s.UserName),
	)
}

// WebForms is what sessions of the application "web-forms" hold.
type WebForms struct {
	Cart         *Order      // "Cart": Contoso.Shop.Order, in 100.0 % of the sessions
	LastError    any         // "LastError": null, in 100.0 % of the sessions
	LoginTime    time.Time   // "LoginTime": DateTime, in 100.0 % of the sessions
	Prefs        *UserPrefs  // "Prefs": UserPrefs, in 100.0 % of the sessions
	Ratio        float64     // "Ratio": double, in 100.0 % of the sessions
	Results      *nrbf.Graph // "Results": DataTable, in 100.0 % of the sessions
	Roles        []string    // "Roles": string[], in 100.0 % of the sessions
	UserId       int32       // "UserId": int, in 100.0 % of the sessions
	UserName     string      // "UserName": string, in 100.0 % of the sessions
	Visited      []int32     // "Visited": List<int>, in 100.0 % of the sessions
	ViewStateKey nrbf.GUID   // "__ViewStateKey": Guid, in 100.0 % of the sessions
}

// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.
func (s *WebForms) Read(c *aspnetser.Collection) error {
	return errors.Join(
		readItem(c, "Cart", &s.Cart),
		readItem(c, "LastError", &s.LastError),
		readItem(c, "LoginTime", &s.LoginTime),
		readItem(c, "Prefs", &s.Prefs),
		readItem(c, "Ratio", &s.Ratio),
		readItem(c, "Results", &s.Results),
		readItem(c, "Roles", &s.Roles),
		readItem(c, "UserId", &s.UserId),
		readItem(c, "UserName", &s.UserName),
		readItem(c, "Visited", &s.Visited),
		readItem(c, "__ViewStateKey", &s.ViewStateKey),
	)
}

// AllPrims is the class Contoso.Shop.AllPrims.
type AllPrims struct {
	_ nrbf.Class `nrbf:"Contoso.Shop.AllPrims, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	A bool
	B uint8
	C int8
	D nrbf.Char
	E int16
	F uint16
	G int32
	H uint32
	I int64
	J uint64
	K float32
	L float64
	M nrbf.Decimal
	N time.Time
	O nrbf.TimeSpan
	P *string
	Q any
	R int64
	S nrbf.GUID
	T *int32
	U *int32
	V Small
	W OrderStatus
}

// Big is the enum Contoso.Shop.Big.
type Big int64

// NRBFEnum names the enum to nrbf.Marshal.
func (Big) NRBFEnum() string {
	return "Contoso.Shop.Big, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"
}

// BoxLidOfStringDecimal is the class Contoso.Shop.Box`1+Lid`1[[System.String],[System.Decimal]].
type BoxLidOfStringDecimal struct {
	_      nrbf.Class "nrbf:\"Contoso.Shop.Box`1+Lid`1[[System.String, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089],[System.Decimal, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089]], Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934\""
	First  string
	Second nrbf.Decimal
}

// BoxTagOfGuid is the class Contoso.Shop.Box`1+Tag[[System.Guid]].
type BoxTagOfGuid struct {
	_  nrbf.Class "nrbf:\"Contoso.Shop.Box`1+Tag[[System.Guid, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089]], Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934\""
	It nrbf.GUID
	N  int32
}

// BoxOfBoxOfMoney is the class Contoso.Shop.Box`1[[Contoso.Shop.Box`1[[Contoso.Shop.Money, Contoso.Shop]], Contoso.Shop]].
type BoxOfBoxOfMoney struct {
	_     nrbf.Class "nrbf:\"Contoso.Shop.Box`1[[Contoso.Shop.Box`1[[Contoso.Shop.Money, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934]], Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934]], Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934\""
	Value *BoxOfMoney
}

// BoxOfMoney is the class Contoso.Shop.Box`1[[Contoso.Shop.Money, Contoso.Shop]].
type BoxOfMoney struct {
	_     nrbf.Class "nrbf:\"Contoso.Shop.Box`1[[Contoso.Shop.Money, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934]], Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934\""
	Value Money
}

// BoxOfListOfString is the class Contoso.Shop.Box`1[[System.Collections.Generic.List`1[[System.String]]]].
type BoxOfListOfString struct {
	_     nrbf.Class "nrbf:\"Contoso.Shop.Box`1[[System.Collections.Generic.List`1[[System.String, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089]], mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089]], Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934\""
	Value []string   `nrbf:",list"`
}

// BoxOfInt32 is the class Contoso.Shop.Box`1[[System.Int32]].
type BoxOfInt32 struct {
	_     nrbf.Class "nrbf:\"Contoso.Shop.Box`1[[System.Int32, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089]], Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934\""
	Value int32
}

// Cart is the class Contoso.Shop.Cart. Its instances do not all have the same members.
type Cart struct {
	_     nrbf.Class `nrbf:"Contoso.Shop.Cart, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	Owner string     `nrbf:"owner"`
	N     int32      `nrbf:"n"`
	K0    string     `nrbf:"k0"` // not in all of them
	V0    int32      `nrbf:"v0"` // not in all of them
	K1    string     `nrbf:"k1"` // not in all of them
	V1    int32      `nrbf:"v1"` // not in all of them
	Saved *Cart      `nrbf:"saved"`
}

// Cell is the struct Contoso.Shop.Cell.
type Cell struct {
	_     nrbf.Struct `nrbf:"Contoso.Shop.Cell, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	V     int32
	Left  *Cell
	Right *Cell
	Any   any
}

// Circle is the class Contoso.Shop.Circle.
type Circle struct {
	_    nrbf.Class `nrbf:"Contoso.Shop.Circle, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	R    float64
	Name string
}

// Customer is the class Contoso.Shop.Customer.
type Customer struct {
	_          nrbf.Class `nrbf:"Contoso.Shop.Customer, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	Id         int32      `nrbf:"id"`
	Email      string     `nrbf:",property"`
	Tags       []string   `nrbf:",list"`
	Name       string     `nrbf:"name"`
	Boss       *Person
	PersonId   int32     `nrbf:"Person+id"`
	PersonName string    `nrbf:"Person+name"`
	PersonBorn time.Time `nrbf:"Person+born"`
}

// Empty is the class Contoso.Shop.Empty.
type Empty struct {
	_ nrbf.Class `nrbf:"Contoso.Shop.Empty, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
}

// Größe is the class Contoso.Shop.Größe.
type Größe struct {
	_                                                                                                           nrbf.Class `nrbf:"Contoso.Shop.Größe, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	X幅                                                                                                          int32      `nrbf:"幅"`
	Λ                                                                                                           string     `nrbf:"λ"`
	ThisIsARatherLongMemberNameThatGoesPastOneHundredAndTwentySevenCharactersSoThatItsLengthPrefixTakesTwoBytes *string    `nrbf:"this_is_a_rather_long_member_name_that_goes_past_one_hundred_and_twenty_seven_characters_so_that_its_length_prefix_takes_two_bytes"`
}

// Many is the class Contoso.Shop.Many.
type Many struct {
	_      nrbf.Class `nrbf:"Contoso.Shop.Many, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	Shapes []any
	Prices []Money
	States []OrderStatus
	Maybe  []*int32
	Jag    [][]any
	Grid   [][]Money `nrbf:",rect"`
	Any    []any     `nrbf:",arraylist"`
	Cmp    []nrbf.Value
}

// Money is the struct Contoso.Shop.Money.
type Money struct {
	_        nrbf.Struct `nrbf:"Contoso.Shop.Money, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	Amount   nrbf.Decimal
	Currency *string
}

// Order is the class Contoso.Shop.Order.
type Order struct {
	_       nrbf.Class `nrbf:"Contoso.Shop.Order, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	Number  int64
	Status  OrderStatus
	Placed  time.Time
	Shipped time.Time
	Token   nrbf.GUID
	Buyer   *Customer
	Lines   []*OrderLine `nrbf:",list"`
	Extra   map[string]any
	Sla     nrbf.TimeSpan
	Total   nrbf.Decimal
}

// OrderLine is the class Contoso.Shop.OrderLine.
type OrderLine struct {
	_        nrbf.Class `nrbf:"Contoso.Shop.OrderLine, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	Sku      string
	Quantity int32
	Price    Money
	Note     any
}

// OrderStatus is the enum Contoso.Shop.OrderStatus.
type OrderStatus int32

// NRBFEnum names the enum to nrbf.Marshal.
func (OrderStatus) NRBFEnum() string {
	return "Contoso.Shop.OrderStatus, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"
}

// Person is the class Contoso.Shop.Person.
type Person struct {
	_    nrbf.Class `nrbf:"Contoso.Shop.Person, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	Id   int32      `nrbf:"id"`
	Name string     `nrbf:"name"`
	Born time.Time  `nrbf:"born"`
	Boss *Person
}

// Point3 is the struct Contoso.Shop.Point3.
type Point3 struct {
	_ nrbf.Struct `nrbf:"Contoso.Shop.Point3, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	X float64
	Y float64
	Z float64
}

// ShopList is the class Contoso.Shop.ShopList.
type ShopList struct {
	_        nrbf.Class `nrbf:"Contoso.Shop.ShopList, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	Title    string
	Contents []any `nrbf:",contents"`
}

// ShopMap is the class Contoso.Shop.ShopMap.
type ShopMap struct {
	_        nrbf.Class  `nrbf:"Contoso.Shop.ShopMap, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	Note     string      `nrbf:"note"`
	Contents []nrbf.Pair `nrbf:",contents"`
}

// SingletonHelper is the class Contoso.Shop.Singleton+Helper.
type SingletonHelper struct {
	_ nrbf.Class `nrbf:"Contoso.Shop.Singleton+Helper, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
}

// Small is the enum Contoso.Shop.Small.
type Small uint8

// NRBFEnum names the enum to nrbf.Marshal.
func (Small) NRBFEnum() string {
	return "Contoso.Shop.Small, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"
}

// Square is the class Contoso.Shop.Square.
type Square struct {
	_    nrbf.Class `nrbf:"Contoso.Shop.Square, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	Side float32
	Name string
}

// TreeNode is the class Contoso.Shop.TreeNode.
type TreeNode struct {
	_        nrbf.Class `nrbf:"Contoso.Shop.TreeNode, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	Label    string
	Parent   *TreeNode
	Children []*TreeNode `nrbf:",list"`
	Next     *TreeNode
}

// Versioned is the class Contoso.Shop.Versioned.
type Versioned struct {
	_  nrbf.Class `nrbf:"Contoso.Shop.Versioned, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	V1 int32
	V2 string
}

// VipCustomer is the class Contoso.Shop.VipCustomer.
type VipCustomer struct {
	_             nrbf.Class `nrbf:"Contoso.Shop.VipCustomer, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	Id            int32      `nrbf:"id"`
	Credit        Money
	Tags          []string `nrbf:",list"`
	Name          string   `nrbf:"name"`
	Boss          *Person
	CustomerId    int32     `nrbf:"Customer+id"`
	CustomerEmail *string   `nrbf:"Customer+<Email>k__BackingField"`
	CustomerName  string    `nrbf:"Customer+name"`
	PersonId      int32     `nrbf:"Person+id"`
	PersonName    string    `nrbf:"Person+name"`
	PersonBorn    time.Time `nrbf:"Person+born"`
}

// UserPrefs is the class UserPrefs.
type UserPrefs struct {
	_        nrbf.Class        `nrbf:"UserPrefs, App_Code.q7xk2m1p, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null"`
	Theme    string            `nrbf:"theme"`
	PageSize int32             `nrbf:"pageSize"`
	Dense    bool              `nrbf:"dense"`
	Columns  []string          `nrbf:"columns"`
	Filters  map[string]string `nrbf:"filters"`
}

// Wizard is the class Wizard.
type Wizard struct {
	_        nrbf.Class `nrbf:"Wizard, App_Code.q7xk2m1p, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null"`
	Step     int32      `nrbf:"step"`
	Answers  []any      `nrbf:"answers"`
	Previous *Wizard    `nrbf:"previous"`
	Prefs    *UserPrefs `nrbf:"prefs"`
	Order    *Order     `nrbf:"order"`
}

// Types are the Go types of the classes, for nrbf.UnmarshalOptions: by them values in places declared as object become
// structs as well.
var Types = map[string]reflect.Type{
	"Contoso.Shop.AllPrims": reflect.TypeFor[*AllPrims](),
	"Contoso.Shop.Box`1+Lid`1[[System.String, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089],[System.Decimal, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089]]":               reflect.TypeFor[*BoxLidOfStringDecimal](),
	"Contoso.Shop.Box`1+Tag[[System.Guid, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089]]":                                                                                                                 reflect.TypeFor[*BoxTagOfGuid](),
	"Contoso.Shop.Box`1[[Contoso.Shop.Box`1[[Contoso.Shop.Money, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934]], Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934]]":   reflect.TypeFor[*BoxOfBoxOfMoney](),
	"Contoso.Shop.Box`1[[Contoso.Shop.Money, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934]]":                                                                                                          reflect.TypeFor[*BoxOfMoney](),
	"Contoso.Shop.Box`1[[System.Collections.Generic.List`1[[System.String, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089]], mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089]]": reflect.TypeFor[*BoxOfListOfString](),
	"Contoso.Shop.Box`1[[System.Int32, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089]]":                                                                                                                    reflect.TypeFor[*BoxOfInt32](),
	"Contoso.Shop.Cart":             reflect.TypeFor[*Cart](),
	"Contoso.Shop.Cell":             reflect.TypeFor[Cell](),
	"Contoso.Shop.Circle":           reflect.TypeFor[*Circle](),
	"Contoso.Shop.Customer":         reflect.TypeFor[*Customer](),
	"Contoso.Shop.Empty":            reflect.TypeFor[*Empty](),
	"Contoso.Shop.Größe":            reflect.TypeFor[*Größe](),
	"Contoso.Shop.Many":             reflect.TypeFor[*Many](),
	"Contoso.Shop.Money":            reflect.TypeFor[Money](),
	"Contoso.Shop.Order":            reflect.TypeFor[*Order](),
	"Contoso.Shop.OrderLine":        reflect.TypeFor[*OrderLine](),
	"Contoso.Shop.Person":           reflect.TypeFor[*Person](),
	"Contoso.Shop.Point3":           reflect.TypeFor[Point3](),
	"Contoso.Shop.ShopList":         reflect.TypeFor[*ShopList](),
	"Contoso.Shop.ShopMap":          reflect.TypeFor[*ShopMap](),
	"Contoso.Shop.Singleton+Helper": reflect.TypeFor[*SingletonHelper](),
	"Contoso.Shop.Square":           reflect.TypeFor[*Square](),
	"Contoso.Shop.TreeNode":         reflect.TypeFor[*TreeNode](),
	"Contoso.Shop.Versioned":        reflect.TypeFor[*Versioned](),
	"Contoso.Shop.VipCustomer":      reflect.TypeFor[*VipCustomer](),
	"UserPrefs":                     reflect.TypeFor[*UserPrefs](),
	"Wizard":                        reflect.TypeFor[*Wizard](),
}

var readers = map[string]interface {
	Read(*aspnetser.Collection) error
}{
	"keys-case":                 &KeysCase{},
	"keys-odd":                  &KeysOdd{},
	"null-and-empty-key":        &NullAndEmptyKey{},
	"null-key-first":            &NullKeyFirst{},
	"null-key-last":             &NullKeyLast{},
	"null-key-middle":           &NullKeyMiddle{},
	"o-allprims":                &OAllprims{},
	"o-appcode":                 &OAppcode{},
	"o-arraylist":               &OArraylist{},
	"o-byte-array-10k":          &OByteArray10k{},
	"o-chain-100":               &OChain100{},
	"o-char-array-astral":       &OCharArrayAstral{},
	"o-concurrent":              &OConcurrent{},
	"o-culture":                 &OCulture{},
	"o-cycle":                   &OCycle{},
	"o-cycle-self":              &OCycleSelf{},
	"o-dataset":                 &ODataset{},
	"o-dataset-binary":          &ODatasetBinary{},
	"o-datatable":               &ODatatable{},
	"o-datatable-binary":        &ODatatableBinary{},
	"o-datatable-changes":       &ODatatableChanges{},
	"o-datatable-empty":         &ODatatableEmpty{},
	"o-datetime-array":          &ODatetimeArray{},
	"o-derived-collections":     &ODerivedCollections{},
	"o-dict-others":             &ODictOthers{},
	"o-dict-string-object":      &ODictStringObject{},
	"o-drawing":                 &ODrawing{},
	"o-empty-class":             &OEmptyClass{},
	"o-enum":                    &OEnum{},
	"o-enum-array":              &OEnumArray{},
	"o-exception":               &OException{},
	"o-generic-nested":          &OGenericNested{},
	"o-hashset":                 &OHashset{},
	"o-hashtable":               &OHashtable{},
	"o-hashtable-nested":        &OHashtableNested{},
	"o-inheritance":             &OInheritance{},
	"o-int-array":               &OIntArray{},
	"o-iserializable":           &OIserializable{},
	"o-iserializable-settype":   &OIserializableSettype{},
	"o-jagged":                  &OJagged{},
	"o-linkedlist":              &OLinkedlist{},
	"o-list-int":                &OListInt{},
	"o-list-nested":             &OListNested{},
	"o-list-string":             &OListString{},
	"o-long-strings":            &OLongStrings{},
	"o-lower-bounds":            &OLowerBounds{},
	"o-memorystream":            &OMemorystream{},
	"o-misc-system":             &OMiscSystem{},
	"o-names":                   &ONames{},
	"o-namevalue":               &ONamevalue{},
	"o-nullable-array":          &ONullableArray{},
	"o-nulls":                   &ONulls{},
	"o-object-array":            &OObjectArray{},
	"o-order":                   &OOrder{},
	"o-poly-array":              &OPolyArray{},
	"o-prim-arrays":             &OPrimArrays{},
	"o-queue-stack":             &OQueueStack{},
	"o-rect":                    &ORect{},
	"o-roots":                   &ORoots{},
	"o-shared":                  &OShared{},
	"o-shared-boxes":            &OSharedBoxes{},
	"o-sortedlist":              &OSortedlist{},
	"o-string-array":            &OStringArray{},
	"o-stringbuilder":           &OStringbuilder{},
	"o-strongname":              &OStrongname{},
	"o-struct":                  &OStruct{},
	"o-struct-array":            &OStructArray{},
	"o-struct-other-lib":        &OStructOtherLib{},
	"o-tuple":                   &OTuple{},
	"o-wide":                    &OWide{},
	"p-all":                     &PAll{},
	"p-boolean":                 &PBoolean{},
	"p-byte":                    &PByte{},
	"p-char":                    &PChar{},
	"p-datetime":                &PDatetime{},
	"p-decimal":                 &PDecimal{},
	"p-double":                  &PDouble{},
	"p-guid":                    &PGuid{},
	"p-int16":                   &PInt16{},
	"p-int32":                   &PInt32{},
	"p-int64":                   &PInt64{},
	"p-intptr":                  &PIntptr{},
	"p-intptr4":                 &PIntptr4{},
	"p-null":                    &PNull{},
	"p-nullable":                &PNullable{},
	"p-sbyte":                   &PSbyte{},
	"p-single":                  &PSingle{},
	"p-string":                  &PString{},
	"p-string-len":              &PStringLen{},
	"p-string-len-utf8":         &PStringLenUtf8{},
	"p-timespan":                &PTimespan{},
	"p-uint16":                  &PUint16{},
	"p-uint32":                  &PUint32{},
	"p-uint64":                  &PUint64{},
	"p-uintptr4":                &PUintptr4{},
	"primitives":                &Primitives{},
	"removed":                   &Removed{},
	"s-bool-2":                  &SBool2{},
	"s-nrbf-big-ids":            &SNrbfBigIds{},
	"s-nrbf-class-with-id":      &SNrbfClassWithId{},
	"s-nrbf-inline-members":     &SNrbfInlineMembers{},
	"s-null-index-out-of-range": &SNullIndexOutOfRange{},
	"s-overlong-7bit":           &SOverlong7bit{},
	"static-mixed":              &StaticMixed{},
	"static-never":              &StaticNever{},
	"static-one":                &StaticOne{},
	"static-value":              &StaticValue{},
	"timeout-525600":            &Timeout525600{},
	"typical":                   &Typical{},
	"web-forms":                 &WebForms{},
}
