// Assembly Contoso.Twin: a class with the name and the members of one in Contoso.Check. .NET's writer takes them for one
// class; its reader does not.
using System;

namespace Contoso.Check
{
    [Serializable]
    public class Square { public float Side; public string Name; }
}
