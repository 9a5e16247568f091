// Writes the streams of this folder; see README.md.
using System; using System.Data; using System.IO; using System.Collections; using System.Collections.Generic; using System.Collections.Concurrent; using System.Collections.Specialized;
using System.Runtime.Serialization.Formatters.Binary;
[Flags,Serializable] public enum Fl{A=1,B=2}
[Serializable] public struct P{public int X;}
class G{
 static void W(string n,object o){ using(var f=File.Create("made-"+n)) new BinaryFormatter().Serialize(f,o);}
 static DataTable T(){
  var t=new DataTable("People"); t.Columns.Add("Id",typeof(int)); t.Columns.Add("Name",typeof(string)); t.Columns.Add("Born",typeof(DateTime)); t.Columns.Add("Bal",typeof(decimal));
  t.PrimaryKey=new[]{t.Columns[0]};
  for(int i=0;i<5;i++) t.Rows.Add(i,"n"+i,new DateTime(2000,1,1+i),1.5m*i);
  t.AcceptChanges();
  t.Rows[0]["Name"]="changed";
  t.Rows[1].Delete();
  t.Rows.Add(99,"new",null,DBNull.Value);
  t.Rows[3].RowError="row bad";
  t.Rows[2].SetColumnError("Name","col bad"); t.Rows[2].SetColumnError("Bal","col bad2");
  t.Rows[2]["Name"]=DBNull.Value;
  t.Rows[4].BeginEdit(); t.Rows[4]["Name"]="editing";
  return t;
 }
 static void Main(){
  var t=T(); W("xml.nrbf",t);
  t=T(); t.RemotingFormat=SerializationFormat.Binary; W("bin.nrbf",t);
  var ds=new DataSet("My Set"); ds.Tables.Add(T()); var t2=new DataTable("Order Lines"); t2.Columns.Add("A b",typeof(string)); t2.Columns.Add("attr",typeof(int)).ColumnMapping=MappingType.Attribute; t2.Columns.Add("hid",typeof(int)).ColumnMapping=MappingType.Hidden; t2.Columns.Add("o",typeof(object)); t2.Columns.Add("g",typeof(Guid));
  t2.Rows.Add("x",1,2,"obj",Guid.Empty); t2.Rows.Add("y",null,7,5,null);t2.AcceptChanges(); t2.Rows[0]["hid"]=3; t2.Rows[1].RowError="oops"; ds.Tables.Add(t2);
  W("setxml.nrbf",ds);
  var ns=new DataTable("N","urn:x"); ns.Columns.Add("v",typeof(int)); ns.Rows.Add(3); W("nsxml.nrbf",ns);
  var st=new DataTable("S"); st.Columns.Add("only",typeof(string)).ColumnMapping=MappingType.SimpleContent; st.Rows.Add("txt"); W("simple.nrbf",st);
  var so=new DataSet("SO"); so.SchemaSerializationMode=SchemaSerializationMode.IncludeSchema; so.Tables.Add("e"); W("seto.nrbf",so);
  // nested relation
  var nr=new DataSet("NR"); var pa=nr.Tables.Add("Pa"); pa.Columns.Add("id",typeof(int)); var ch=nr.Tables.Add("Ch"); ch.Columns.Add("pid",typeof(int)); ch.Columns.Add("t",typeof(string)); var rel=nr.Relations.Add("r",pa.Columns[0],ch.Columns[0]); rel.Nested=true; pa.Rows.Add(1);pa.Rows.Add(2); ch.Rows.Add(1,"c1"); ch.Rows.Add(2,"c2"); nr.AcceptChanges(); ch.Rows[1]["t"]="c2x"; ch.Rows[0].Delete(); W("nested.nrbf",nr);
  ds=new DataSet("B"); ds.RemotingFormat=SerializationFormat.Binary; ds.Tables.Add(T()); W("setbin.nrbf",ds);
  W("misc.nrbf",new object[]{ new Dictionary<string,List<int?>>{{"a",new List<int?>{1,null}}}, Fl.A|Fl.B, new P{X=3}, new ConcurrentQueue<int>(new[]{1,2}), new ConcurrentStack<int>(new[]{1,2}), new ConcurrentBag<int>(new[]{1,2}), new System.Collections.ObjectModel.ReadOnlyDictionary<string,int>(new Dictionary<string,int>{{"z",1}}), ArrayList.Synchronized(new ArrayList{1}), Hashtable.Synchronized(new Hashtable{{1,2}}), CollectionsUtil.CreateCaseInsensitiveHashtable(), new StringDictionary(){}, new Lazy<int>(()=>5), new KeyValuePair<int,int>(1,2), new System.Numerics.BigInteger(-5), System.Numerics.BigInteger.Parse("-123456789012345678901234567890"), new ValueTuple<int,string>(1,"a"), new System.Net.Cookie("a","b"), new SortedSet<string>{"a"}, new int?[]{1,null}, ArrayList.ReadOnly(new ArrayList{3}), Queue.Synchronized(new Queue()), new System.Text.StringBuilder("ab",100), new DictionaryEntry(1,2), new System.Data.SqlTypes.SqlInt32(4)}.FilterSer());
  try{ throw new InvalidOperationException("thrown", new Exception("in")); } catch(Exception e){ e.Data["k"]=5; W("exc.nrbf",e); }
  try{ throw new AggregateException("agg", new Exception("in1"),new Exception("in2")); } catch(Exception e){ W("agg.nrbf",e); }
 }
}
static class X{ public static object[] FilterSer(this object[] a){ var l=new List<object>(); foreach(var o in a) { try{ new BinaryFormatter().Serialize(new MemoryStream(),o); l.Add(o);}catch(Exception e){ Console.WriteLine(o.GetType()+" "+e.Message);} } return l.ToArray(); } }
