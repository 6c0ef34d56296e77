import DocumentStore
import JSON
import Model
import Testing

@Suite("Secrets in documents")
struct SecretTests {
  private func hides(_ path: String, in collection: String = "users", _ value: JSONValue = "x") -> Bool {
    SecretFields.hides(value, at: path.split(separator: ".").map(String.init), in: collection)
  }

  @Test(
    "are fields whose names say so, of this program, of Doorman and of clients",
    arguments: [
      "password", "hashed_password", "user_api_key", "users_credits.gold.user_api_key", "custom_attributes.APIKey",
      "custom_attributes.apiKey", "custom_attributes.key", "custom_attributes.Access-Token",
      "custom_attributes.geheimnis",
      "custom_attributes.Passwort", "custom_attributes.jwt", "custom_attributes.x.pin", "credentials.user",
      "custom_attributes.schlüssel", "custom_attributes.session_cookie", "jti", "refresh_tokens", "client_key",
    ])
  func hidden(path: String) { #expect(hides(path)) }

  @Test(
    "are no other fields",
    arguments: [
      "username", "email", "role", "groups", "custom_attributes.team", "custom_attributes.keyboard", "api_credit_group",
      "users_credits.gold.available_credits", "custom_attributes.monkey", "rate_limit_duration", "_id", "spinner",
    ])
  func shown(path: String) { #expect(!hides(path)) }

  @Test("have exceptions where a name is known to be none, and none inside of the vault")
  func exceptions() {
    #expect(!hides("client_key", in: "routings") && !hides("api_key_header", in: "credit_defs"))
    #expect(!hides("api_authorization_field_swap", in: "apis") && hides("api_key", in: "credit_defs"))
    #expect(hides("api_ws_security.username", in: "apis") && hides("api_ws_security", in: "apis", ["a": 1]))
    #expect(!hides("username", in: "vault_entries") && !hides("key_name", in: "vault_entries"))
    #expect(hides("encrypted_value", in: "vault_entries") && hides("description", in: "vault_entries"))
    #expect(hides("anything.else", in: "vault_entries", true))
    #expect(!hides("client_key", in: "routings", ["a"]) && hides("client_key.token", in: "routings"))
  }

  @Test("are no truth values, except inside of a secret")
  func truth() {
    #expect(!hides("needs_password", true) && !hides("password", .null) && hides("password", 1234))
    #expect(hides("password", ["a"]) && hides("password", ["a": true]) && hides("password.a", true))
    #expect(!SecretFields.hides("x", at: [], in: "users"))
  }

  @Test(
    "are masked inside of other texts",
    arguments: [
      ("https://name:pass@host:1/p?a=b", "https://***@host:1/p?a=b"), ("https://pass@host", "https://***@host"),
      ("http://a:b@c https://d:e@f/g", "http://***@c https://***@f/g"), ("admin:pa@ss@10.0.0.1:80", "***@10.0.0.1:80"),
      ("http://host/?api_key=abc&x=1#y", "http://host/?api_key=***&x=1#y"), ("token=abc", "token=***"),
      ("X-Api-Key: abc def, X-B: c", "X-Api-Key:***, X-B: c"), ("Bearer abc.def", "***"), ("basic YWJj", "***"),
      ("$2b$12$abc", "***"), ("eyJhbGciOiJIUzI1NiJ9.e30.abc", "***"), ("a\n-----BEGIN PRIVATE KEY-----\nx", "***"),
      (#"{"password":"abc"}"#, #"{"password":***"#),
    ])
  func texts(text: String, masked: String) { #expect(SecretText.masked(text) == masked) }

  @Test(
    "are not found where there is none",
    arguments: [
      "", "alice@example.com", "http://host:80/a@b", "https://host/?q=1&r=2", "a=b", "10:30", "Jürgen Groß",
      "mail alice@example.com: now", "http://[::1]:5001", "http://token-service:80/x", "Basics of tokens",
      "eyJust a word",
    ])
  func plain(text: String) { #expect(SecretText.masked(text) == text) }
}

@Suite("The names of documents")
struct NameFieldTests {
  @Test("are those of their first unique fields, or else those by which people know them")
  func names() {
    #expect(Collections.nameFields(of: "users") == ["username"])
    #expect(Collections.nameFields(of: "apis") == ["api_name", "api_version"])
    #expect(Collections.nameFields(of: "revocations") == ["type", "username"])
    #expect(Collections.nameFields(of: "unknown") == [])
    for schema in Collections.schemas { #expect(!Collections.nameFields(of: schema.name).isEmpty, "\(schema.name)") }
  }

  @Test("are no secrets")
  func secrets() {
    for schema in Collections.schemas {
      for field in Collections.nameFields(of: schema.name) {
        #expect(!SecretFields.hides("x", at: [field], in: schema.name), "\(schema.name) \(field)")
      }
    }
  }
}
