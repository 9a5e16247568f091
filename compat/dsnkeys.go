package compat

// The driver's names of the settings that this package looks at itself (go-mssqldb v1.11.2, msdsn/conn_str.go and
// azuread/configuration.go).
const (
	keyServer         = "server"
	keyPort           = "port"
	keyProtocol       = "protocol"
	keyDatabase       = "database"
	keyUser           = "user id"
	keyPassword       = "password"
	keyEncrypt        = "encrypt"
	keyTrust          = "trustservercertificate"
	keyApp            = "app name"
	keyDialTimeout    = "dial timeout"
	keyPartner        = "failoverpartner"
	keyPartnerPort    = "failoverport"
	keyIntent         = "applicationintent"
	keyFedAuth        = "fedauth"
	keyAuthenticator  = "authenticator"
	keyIntegrated     = "integrated security" // ours: the driver knows no such setting
	keyConnectTimeout = "connection timeout"
)

// secretKeys are those whose values nothing may show.
var secretKeys = []string{keyPassword, "clientassertion", "userassertion", "systemtoken"}

// kind is what a setting's value must look like.
type kind int

const (
	anyText kind = iota
	number       // 0 to 65535, seconds where it is a time
	yesNo
	ignored // .NET has a use for it, this program has none
	refused // would not work, or not do what its user expects
)

type dsnKey struct {
	name string // the driver's
	kind kind
}

// dsnKeys are the settings by name, in lower case and without spaces. They are those of the driver that a migration has
// a use for, and the synonyms of System.Data.SqlClient and Microsoft.Data.SqlClient (SqlConnection.ConnectionString),
// which are what web.config holds. Not taken from the driver: "timezone" (times here are UTC), "log" (it would print
// statements), "change password", "guid conversion", "columnencryption", "pipe".
var dsnKeys = map[string]dsnKey{
	"server": {keyServer, anyText}, "datasource": {keyServer, anyText}, "address": {keyServer, anyText},
	"addr": {keyServer, anyText}, "networkaddress": {keyServer, anyText},
	"port": {keyPort, number}, "protocol": {keyProtocol, anyText},
	"database": {keyDatabase, anyText}, "initialcatalog": {keyDatabase, anyText},
	"userid": {keyUser, anyText}, "uid": {keyUser, anyText}, "user": {keyUser, anyText},
	"password": {keyPassword, anyText}, "pwd": {keyPassword, anyText},

	"integratedsecurity": {keyIntegrated, yesNo}, "trustedconnection": {keyIntegrated, yesNo}, "trusted_connection": {keyIntegrated, yesNo},
	"authentication": {keyFedAuth, anyText}, "fedauth": {keyFedAuth, anyText}, "applicationclientid": {"applicationclientid", anyText},
	"clientcertpath": {"clientcertpath", anyText}, "resourceid": {"resource id", anyText},
	"additionallyallowedtenants": {"additionallyallowedtenants", anyText}, "disableinstancediscovery": {"disableinstancediscovery", yesNo},
	"tokenfilepath": {"tokenfilepath", anyText}, "sendcertificatechain": {"sendcertificatechain", yesNo},
	"serviceconnectionid": {"serviceconnectionid", anyText}, "systemtoken": {"systemtoken", anyText},
	"userassertion": {"userassertion", anyText}, "clientassertion": {"clientassertion", anyText},
	"authenticator":   {keyAuthenticator, anyText},
	"krb5-configfile": {"krb5-configfile", anyText}, "krb5-keytabfile": {"krb5-keytabfile", anyText},
	"krb5-credcachefile": {"krb5-credcachefile", anyText}, "krb5-realm": {"krb5-realm", anyText},
	"krb5-dnslookupkdc": {"krb5-dnslookupkdc", yesNo}, "krb5-udppreferencelimit": {"krb5-udppreferencelimit", number},
	"serverspn": {"serverspn", anyText}, "failoverpartnerspn": {"failoverpartnerspn", anyText}, "epaenabled": {"epa enabled", yesNo},

	"encrypt": {keyEncrypt, anyText}, "trustservercertificate": {keyTrust, yesNo}, "certificate": {"certificate", anyText},
	"servercertificate": {"servercertificate", anyText}, "hostnameincertificate": {"hostnameincertificate", anyText},
	"tlsmin": {"tlsmin", anyText},

	"appname": {keyApp, anyText}, "applicationname": {keyApp, anyText}, "app": {keyApp, anyText},
	"workstationid": {"workstation id", anyText}, "wsid": {"workstation id", anyText},
	"connecttimeout": {keyConnectTimeout, number}, "connectiontimeout": {keyConnectTimeout, number}, "timeout": {keyConnectTimeout, number},
	"dialtimeout": {keyDialTimeout, number}, "keepalive": {"keepalive", number}, "packetsize": {"packet size", number},
	"failoverpartner": {keyPartner, anyText}, "failoverport": {keyPartnerPort, number},
	"multisubnetfailover": {"multisubnetfailover", yesNo}, "applicationintent": {keyIntent, anyText},
	"disableretry": {"disableretry", yesNo}, "notraceid": {"notraceid", yesNo},

	"persistsecurityinfo": {kind: ignored}, "pooling": {kind: ignored}, "minpoolsize": {kind: ignored}, "maxpoolsize": {kind: ignored},
	"connectionlifetime": {kind: ignored}, "loadbalancetimeout": {kind: ignored}, "poolblockingperiod": {kind: ignored},
	"multipleactiveresultsets": {kind: ignored}, "mars_connection": {kind: ignored}, "enlist": {kind: ignored},
	"asynchronousprocessing": {kind: ignored}, "async": {kind: ignored}, "currentlanguage": {kind: ignored}, "language": {kind: ignored},
	"replication": {kind: ignored}, "typesystemversion": {kind: ignored}, "transactionbinding": {kind: ignored},
	"connectretrycount": {kind: ignored}, "connectretryinterval": {kind: ignored}, "commandtimeout": {kind: ignored},
	"transparentnetworkipresolution": {kind: ignored}, "ipaddresspreference": {kind: ignored}, "connectionreset": {kind: ignored},
	"columnencryptionsetting": {kind: ignored}, "driver": {kind: ignored}, // of ODBC strings

	"attachdbfilename":  {"names a file; attach the database and give its name", refused},
	"userinstance":      {"user instances belong to SQL Server Express on the user's own machine", refused},
	"contextconnection": {"works only inside SQL Server", refused},
}

// fedAuths are the ways of Microsoft Entra, in lower case and without spaces, as the driver spells them. The driver
// compares without case when it checks the name and with case when it acts on it, and takes the default credential for
// one that it then does not know (azuread/configuration.go, provideActiveDirectoryToken).
var fedAuths = map[string]string{
	"sqlpassword":                                "", // .NET's name of the SQL login
	"activedirectorydefault":                     "ActiveDirectoryDefault",
	"activedirectoryintegrated":                  "ActiveDirectoryIntegrated",
	"activedirectorypassword":                    "ActiveDirectoryPassword",
	"activedirectoryinteractive":                 "ActiveDirectoryInteractive",
	"activedirectorymsi":                         "ActiveDirectoryMSI",
	"activedirectorymanagedidentity":             "ActiveDirectoryManagedIdentity",
	"activedirectoryapplication":                 "ActiveDirectoryApplication",
	"activedirectoryserviceprincipal":            "ActiveDirectoryServicePrincipal",
	"activedirectoryserviceprincipalaccesstoken": "ActiveDirectoryServicePrincipalAccessToken",
	"activedirectorydevicecode":                  "ActiveDirectoryDeviceCode",
	"activedirectorydevicecodeflow":              "ActiveDirectoryDeviceCode", // .NET
	"activedirectoryazcli":                       "ActiveDirectoryAzCli",
	"activedirectoryazuredevelopercli":           "ActiveDirectoryAzureDeveloperCli",
	"activedirectoryazurepipelines":              "ActiveDirectoryAzurePipelines",
	"activedirectoryenvironment":                 "ActiveDirectoryEnvironment",
	"activedirectoryworkloadidentity":            "ActiveDirectoryWorkloadIdentity",
	"activedirectoryclientassertion":             "ActiveDirectoryClientAssertion",
	"activedirectoryonbehalfof":                  "ActiveDirectoryOnBehalfOf",
}

// encryptions are what encrypt may be, by spelling. Not given, the driver encrypts the login and nothing after it, and
// does not check the certificate, unless the server asks for more; Microsoft.Data.SqlClient 4 and later would encrypt all
// and check it.
var encryptions = map[string]string{
	"disable": "disable", "strict": "strict",
	"true": "true", "yes": "true", "1": "true", "mandatory": "true",
	"false": "false", "no": "false", "0": "false", "optional": "false",
}
