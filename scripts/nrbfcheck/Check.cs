// nrbfcheck proves that .NET reads what package aspnetser/nrbf writes, and the reverse.
//
//     nrbfcheck.exe read DIR     deserializes DIR/NAME.bin for every graph of Graphs.cs and compares it with that graph
//     nrbfcheck.exe write DIR    serializes every graph to DIR/NAME.bin
//     nrbfcheck.exe again DIR    deserializes every file of DIR, and serializes what comes out to its name and .again
//
// Reader and writer of Mono 6.8 are .NET Framework's, and so is the stored form of all types here: where Mono's classes
// have other fields (fixtures/blobs/README.md lists them) there is no graph of them. Live comparers of Mono are of other
// classes than the ones they are stored as, so that comparers are compared by what they do.
//
// The Go tests of build_mono_test.go in aspnetser/nrbf compile and run it. It exits with 1 and a line for each graph that
// differs or cannot be read.
using System;
using System.IO;
using System.Linq;
using System.Runtime.Serialization.Formatters.Binary;

namespace Contoso.Check
{
    static class Check
    {
        static int Main(string[] args)
        {
            if (args.Length != 2 || !new[] { "read", "write", "again" }.Contains(args[0]))
            {
                Console.Error.WriteLine("usage: nrbfcheck.exe read|write|again DIR");
                return 2;
            }
            if (args[0] == "again") return Again(args[1]);
            int failed = 0;
            foreach (var graph in Graphs.All)
            {
                var path = Path.Combine(args[1], graph.Key + ".bin");
                string problem;
                try
                {
                    problem = args[0] == "read" ? Read(path, graph.Value()) : Write(path, graph.Value());
                }
                catch (Exception e)
                {
                    problem = e.ToString();
                }
                if (problem == null) continue;
                Console.WriteLine(graph.Key + ": " + problem);
                failed++;
            }
            if (args[0] == "read")
                foreach (var file in Directory.GetFiles(args[1]).Select(Path.GetFileNameWithoutExtension))
                    if (!Graphs.All.ContainsKey(file))
                    {
                        Console.WriteLine(file + ": no such graph here");
                        failed++;
                    }
            Console.WriteLine(Graphs.All.Count + " graphs, " + failed + " failed");
            return failed == 0 ? 0 : 1;
        }

        static string Read(string path, object want)
        {
            object got;
            using (var file = File.OpenRead(path))
            {
                got = new BinaryFormatter().Deserialize(file);
                if (file.Position != file.Length) return (file.Length - file.Position) + " bytes left over";
            }
            return Compare.Graphs(want, got) ?? Boxes(want, got);
        }

        // Boxes of structs have an identity only in places of type object, which a comparison by reflection cannot see.
        static string Boxes(object want, object got)
        {
            var w = want as object[];
            var g = got as object[];
            if (w == null) return null;
            for (int i = 0; i < w.Length; i++)
                for (int j = 0; j < i; j++)
                    if (ReferenceEquals(w[i], w[j]) != ReferenceEquals(g[i], g[j]) && !(w[i] is string) && w[i] != null)
                        return "elements " + j + " and " + i + " are one object here and two there";
            return null;
        }

        static int Again(string dir)
        {
            int failed = 0;
            foreach (var path in Directory.GetFiles(dir))
                try
                {
                    object graph;
                    using (var file = File.OpenRead(path)) graph = new BinaryFormatter().Deserialize(file);
                    Write(path + ".again", graph);
                }
                catch (Exception e)
                {
                    Console.WriteLine(Path.GetFileName(path) + ": " + e.Message);
                    failed++;
                }
            return failed == 0 ? 0 : 1;
        }

        static string Write(string path, object graph)
        {
            using (var file = File.Create(path)) new BinaryFormatter().Serialize(file, graph);
            return null;
        }
    }
}
