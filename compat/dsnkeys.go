package compat

import "strings"

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

// dsnKind is what a setting's value must look like.
type dsnKind int

const (
	dsnText   dsnKind = iota
	dsnNumber         // 0 to 65535, seconds where it is a time
	dsnYesNo
	dsnIgnored // .NET has a use for it, this program has none
	dsnRefused // would not work, or not do what its user expects
)

type dsnKey struct {
	name string // the driver's
	kind dsnKind
}

// dsnKeys are the settings by name, in lower case and without spaces. They are those of the driver that a migration has
// a use for, and the synonyms of System.Data.SqlClient and Microsoft.Data.SqlClient (SqlConnection.ConnectionString),
// which are what web.config holds. Not taken from the driver: "timezone" (times here are UTC), "log" (it would print
// statements), "change password", "guid conversion", "columnencryption", "pipe".
var dsnKeys = map[string]dsnKey{
	"server": {keyServer, dsnText}, "datasource": {keyServer, dsnText}, "address": {keyServer, dsnText},
	"addr": {keyServer, dsnText}, "networkaddress": {keyServer, dsnText},
	"port": {keyPort, dsnNumber}, "protocol": {keyProtocol, dsnText},
	"database": {keyDatabase, dsnText}, "initialcatalog": {keyDatabase, dsnText},
	"userid": {keyUser, dsnText}, "uid": {keyUser, dsnText}, "user": {keyUser, dsnText},
	"password": {keyPassword, dsnText}, "pwd": {keyPassword, dsnText},

	"integratedsecurity": {keyIntegrated, dsnYesNo}, "trustedconnection": {keyIntegrated, dsnYesNo}, "trusted_connection": {keyIntegrated, dsnYesNo},
	"authentication": {keyFedAuth, dsnText}, "fedauth": {keyFedAuth, dsnText}, "applicationclientid": {"applicationclientid", dsnText},
	"clientcertpath": {"clientcertpath", dsnText}, "resourceid": {"resource id", dsnText},
	"additionallyallowedtenants": {"additionallyallowedtenants", dsnText}, "disableinstancediscovery": {"disableinstancediscovery", dsnYesNo},
	"tokenfilepath": {"tokenfilepath", dsnText}, "sendcertificatechain": {"sendcertificatechain", dsnYesNo},
	"serviceconnectionid": {"serviceconnectionid", dsnText}, "systemtoken": {"systemtoken", dsnText},
	"userassertion": {"userassertion", dsnText}, "clientassertion": {"clientassertion", dsnText},
	"authenticator":   {keyAuthenticator, dsnText},
	"krb5-configfile": {"krb5-configfile", dsnText}, "krb5-keytabfile": {"krb5-keytabfile", dsnText},
	"krb5-credcachefile": {"krb5-credcachefile", dsnText}, "krb5-realm": {"krb5-realm", dsnText},
	"krb5-dnslookupkdc": {"krb5-dnslookupkdc", dsnYesNo}, "krb5-udppreferencelimit": {"krb5-udppreferencelimit", dsnNumber},
	"serverspn": {"serverspn", dsnText}, "failoverpartnerspn": {"failoverpartnerspn", dsnText}, "epaenabled": {"epa enabled", dsnYesNo},

	"encrypt": {keyEncrypt, dsnText}, "trustservercertificate": {keyTrust, dsnYesNo}, "certificate": {"certificate", dsnText},
	"servercertificate": {"servercertificate", dsnText}, "hostnameincertificate": {"hostnameincertificate", dsnText},
	"tlsmin": {"tlsmin", dsnText},

	"appname": {keyApp, dsnText}, "applicationname": {keyApp, dsnText}, "app": {keyApp, dsnText},
	"workstationid": {"workstation id", dsnText}, "wsid": {"workstation id", dsnText},
	"connecttimeout": {keyConnectTimeout, dsnNumber}, "connectiontimeout": {keyConnectTimeout, dsnNumber}, "timeout": {keyConnectTimeout, dsnNumber},
	"dialtimeout": {keyDialTimeout, dsnNumber}, "keepalive": {"keepalive", dsnNumber}, "packetsize": {"packet size", dsnNumber},
	"failoverpartner": {keyPartner, dsnText}, "failoverport": {keyPartnerPort, dsnNumber},
	"multisubnetfailover": {"multisubnetfailover", dsnYesNo}, "applicationintent": {keyIntent, dsnText},
	"disableretry": {"disableretry", dsnYesNo}, "notraceid": {"notraceid", dsnYesNo},

	"persistsecurityinfo": {kind: dsnIgnored}, "pooling": {kind: dsnIgnored}, "minpoolsize": {kind: dsnIgnored}, "maxpoolsize": {kind: dsnIgnored},
	"connectionlifetime": {kind: dsnIgnored}, "loadbalancetimeout": {kind: dsnIgnored}, "poolblockingperiod": {kind: dsnIgnored},
	"multipleactiveresultsets": {kind: dsnIgnored}, "mars_connection": {kind: dsnIgnored}, "enlist": {kind: dsnIgnored},
	"asynchronousprocessing": {kind: dsnIgnored}, "async": {kind: dsnIgnored}, "currentlanguage": {kind: dsnIgnored}, "language": {kind: dsnIgnored},
	"replication": {kind: dsnIgnored}, "typesystemversion": {kind: dsnIgnored}, "transactionbinding": {kind: dsnIgnored},
	"connectretrycount": {kind: dsnIgnored}, "connectretryinterval": {kind: dsnIgnored}, "commandtimeout": {kind: dsnIgnored},
	"transparentnetworkipresolution": {kind: dsnIgnored}, "ipaddresspreference": {kind: dsnIgnored}, "connectionreset": {kind: dsnIgnored},
	"columnencryptionsetting": {kind: dsnIgnored}, "driver": {kind: dsnIgnored}, // of ODBC strings

	"attachdbfilename":  {"names a file; attach the database and give its name", dsnRefused},
	"userinstance":      {"user instances belong to SQL Server Express on the user's own machine", dsnRefused},
	"contextconnection": {"works only inside SQL Server", dsnRefused},
}

// keyOf finds a setting by what a DSN calls it.
func keyOf(name string) (dsnKey, bool) {
	k, known := dsnKeys[dsnName(name)]
	return k, known
}

// dsnName is a name without what does not matter in it.
func dsnName(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "")) }

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
