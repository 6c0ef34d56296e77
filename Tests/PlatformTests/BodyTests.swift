import HTTPAPI
import JSON
import Model
import Rules
import Testing

@testable import Platform

@Suite("Request bodies")
struct BodyTests {
  private func faults(_ model: BodyModel, _ body: JSONValue) -> [String] {
    do {
      _ = try model.check(body)
      return []
    } catch {
      return error.faults
    }
  }

  private let user: JSONObject = [
    "username": "alice", "email": "alice@example.com", "password": "0123456789abcdef", "role": "developer",
  ]

  @Test("get every field of their model, with defaults and without what is unknown")
  func defaults() throws {
    let body = try Users.createBody.check(.object(user.merging(["unknown": 1, "rate_limit_duration": .null])))
    #expect(body.fields.keys == Users.createBody.fields.map(\.name))
    #expect(body.fields["groups"] == [])
    #expect(body.fields["bandwidth_limit_window"] == "day")
    #expect(body.fields["active"] == true)
    #expect(body.fields["throttle_enabled"] == .null)
    #expect(body.fields["unknown"] == nil)
  }

  @Test("change only what is not null")
  func changes() throws {
    let body = try Users.updateBody.check(["active": false, "email": .null])
    #expect(JSONValue.object(body.changes) == ["active": false])
  }

  @Test("are told all of their faults, each with its field")
  func allFaults() {
    #expect(
      faults(
        Users.createBody,
        ["username": "al", "password": 7, "role": "r", "groups": ["a", 1], "throttle_queue_limit": -1]) == [
          "'username' must have at least 3 characters", "'email' is missing", "'password' must be a string",
          "'role' must have at least 2 characters", "'groups[1]' must be a string",
          "'throttle_queue_limit' must be at least 0",
        ])
    #expect(faults(Users.createBody, [1]) == ["the body must be a JSON object"])
    #expect(
      faults(Routings.createBody, ["routing_name": "r", "routing_servers": []]) == [
        "'routing_servers' must have at least 1 element"
      ])
  }

  @Test("count characters, not bytes")
  func lengths() {
    #expect(faults(Users.createBody, .object(user.merging(["username": "äöü"]))) == [])
    #expect(
      faults(Users.createBody, .object(user.merging(["username": .string(String(repeating: "é", count: 50))]))) == [])
    #expect(
      faults(Users.createBody, .object(user.merging(["username": .string(String(repeating: "é", count: 51))]))).count
        == 1)
  }

  @Test("name every API that can be created")
  func apiNames() {
    for (name, version) in [("a", "1"), (String(repeating: "n", count: 64), String(repeating: "v", count: 8))] {
      let api: JSONObject = ["api_name": .string(name), "api_version": .string(version)]
      #expect(faults(APIs.createBody, .object(api)) == [])
      #expect(faults(APIs.updateBody, .object(api)) == [])
      #expect(faults(Subscriptions.body, .object(api.merging(["username": "alice"]))) == [])
      let endpoint = api.merging(["endpoint_method": "GET", "endpoint_uri": "/", "endpoint_description": "d"])
      #expect(faults(Endpoints.createBody, .object(endpoint)) == [])
      #expect(faults(Endpoints.updateBody, .object(endpoint)) == [])
    }
    #expect(faults(Subscriptions.body, ["username": "alice", "api_name": "", "api_version": "v1"]).count == 1)
  }

  @Test("take what Doorman takes beside the exact type")
  func leniency() throws {
    let body = try Users.createBody.check(
      .object(user.merging(["rate_limit_duration": "5", "throttle_duration": 2.0, "active": "yes", "ui_access": 1])))
    #expect(body.fields["rate_limit_duration"] == 5)
    #expect(body.fields["throttle_duration"] == 2)
    #expect(body.fields["active"] == true)
    #expect(body.fields["ui_access"] == true)
    #expect(faults(Users.createBody, .object(user.merging(["rate_limit_duration": "five"]))).count == 1)
    #expect(faults(Users.createBody, .object(user.merging(["rate_limit_duration": 1.5]))).count == 1)
  }

  @Test("of APIs have times of their own only where a number of seconds is given")
  func ownTimes() throws {
    let api: JSONObject = ["api_name": "a", "api_version": "v1"]
    let given = api.merging(["api_read_timeout": 0.5, "api_pool_timeout": 86_400, "api_write_timeout": .null])
    for model in [APIs.createBody, APIs.updateBody] {
      let body = try model.check(.object(given)).fields
      #expect(body["api_read_timeout"] == 0.5 && body["api_pool_timeout"] == 86_400)
      #expect(body["api_write_timeout"] == nil && body["api_connect_timeout"] == nil)
      for wrong: JSONValue in [0, -1, 86_400.5, "5", true] {
        #expect(faults(model, .object(api.merging(["api_connect_timeout": wrong]))).count == 1)
      }
    }
    #expect(
      faults(APIs.updateBody, ["api_read_timeout": 0]) == [
        "'api_read_timeout' must be greater than 0 and at most 86400"
      ])
  }

  @Test("nest: a validation schema's rules are checked to the bottom")
  func nesting() {
    let body = { (rule: JSONValue) -> JSONValue in
      ["endpoint_id": "e", "validation_enabled": true, "validation_schema": ["validation_schema": ["user.name": rule]]]
    }
    #expect(faults(EndpointValidations.createBody, body(["required": true, "type": "string"])) == [])
    #expect(
      faults(
        EndpointValidations.createBody,
        body(["required": true, "type": "object", "nested_schema": ["x": ["required": true]]])) == [
          "'validation_schema.validation_schema.user.name.nested_schema.x.type' is missing"
        ])
  }
}

extension JSONValue: ExpressibleByFloatLiteral {
  /// A number.
  package init(floatLiteral value: Double) { self = JSONNumber(value).map(JSONValue.number) ?? .null }
}
