package library

import (
	"path"
	"strings"
)

// Reasons why something is left out.
const (
	reasonHidden     = "hidden: its name begins with a dot"
	reasonSystem     = "belongs to the operating system"
	reasonSecret     = "its name looks like a key or credentials"
	reasonUnfinished = "unfinished download"
	reasonTemporary  = "temporary file or backup of a program"
	reasonLinkOut    = "link that leads out of the folder"
	reasonLinkIn     = "link to something that is shared under its own name, if at all"
	reasonLinkDead   = "link that leads nowhere"
	reasonSpecial    = "device, socket or pipe"
	reasonEmpty      = "empty"
	reasonVanished   = "vanished during the scan"
	reasonChanging   = "changed while it was hashed, twice"
)

// leaveOutFolder says why a folder of this name is not entered, "" if it is.
func leaveOutFolder(name string) string {
	switch lower := strings.ToLower(name); {
	case strings.HasPrefix(name, "."):
		return reasonHidden
	case lower == "$recycle.bin" || lower == "system volume information" || lower == "lost+found":
		return reasonSystem
	}
	return ""
}

// leaveOutFile says why a file of this name is not shared, "" if it is.
func leaveOutFile(name string) string {
	lower := strings.ToLower(name)
	switch {
	case strings.HasPrefix(name, "."):
		return reasonHidden
	case lower == "thumbs.db" || lower == "desktop.ini":
		return reasonSystem
	case isSecretName(lower) || isSecretExt(path.Ext(lower)) || hasSecretStart(lower):
		return reasonSecret
	}
	ext := path.Ext(lower)
	if ext == ".journal" { // of a download of ours
		ext = path.Ext(strings.TrimSuffix(lower, ext))
	}
	switch ext {
	case ".part", ".crdownload", ".download", ".partial", ".!ut", ".aria2":
		return reasonUnfinished
	case ".tmp", ".temp", ".swp", ".swo":
		return reasonTemporary
	}
	if strings.HasSuffix(lower, "~") || strings.HasPrefix(lower, "~$") {
		return reasonTemporary
	}
	return ""
}

// isSecretName knows names that programs give to files with secrets.
func isSecretName(lower string) bool {
	switch lower {
	case "_netrc", "netrc", "authorized_keys", "secring.gpg", "trustdb.gpg", // login and mail
		"wallet.dat", "electrum.dat", "keyfile", "keystore", "keychain", // money
		"shadow", "gshadow", "master.passwd", "htpasswd", "sam", // accounts of a machine
		"key3.db", "key4.db", "logins.json", "signons.sqlite", "cookies", "cookies.sqlite", // browsers
		"login data", "web data", "kubeconfig", "wp-config.php", "terraform.tfstate", "recovery.txt", "seed.txt":
		return true
	}
	return false
}

// isSecretExt knows the extensions of keys, key stores and password safes.
func isSecretExt(ext string) bool {
	switch ext {
	case ".pem", ".key", ".p8", ".p12", ".pfx", ".pkcs12", ".ppk", ".jks", ".jceks", ".bks", ".keystore", ".keytab",
		".kdb", ".kdbx", ".psafe3", ".agilekeychain", ".opvault", ".1pux", ".keychain", ".keychain-db", ".wallet",
		".ovpn", ".rdp", ".mobileconfig", ".kubeconfig", ".tfstate", ".tfvars", ".env", ".netrc", ".htpasswd",
		".gnupg", ".secret", ".secrets":
		return true
	}
	return false
}

// hasSecretStart knows how the names of such files begin.
func hasSecretStart(lower string) bool {
	for _, start := range []string{
		"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_xmss", "ssh_host_", "credential", "client_secret",
		"service-account", "service_account", "aws-keys", "utc--20", // wallets of Ethereum
	} {
		if strings.HasPrefix(lower, start) {
			return true
		}
	}
	stem := strings.TrimSuffix(lower, path.Ext(lower))
	switch stem {
	case "token", "tokens", "api-key", "api_key", "apikey",
		"secret", "secrets", "password", "passwords", "passwort", "passwd", "private-key", "privatekey", "private_key":
		return stem != lower // a file of that name with an extension, passwords.txt
	}
	return false
}
