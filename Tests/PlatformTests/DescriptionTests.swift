import HTTPAPI
import HTTPTypes
import JSON
import Testing

@testable import Platform

@Suite("The description of the API")
struct OpenAPITests {
  private let document = PlatformServices.document(of: Resource.all, version: "1.2.3").json

  @Test("has exactly the routes that exist")
  func routes() {
    let described = (document.object?["paths"]?.object?.members ?? []).flatMap { path in
      (path.value.object?.keys ?? []).map { "\($0.uppercased()) \(path.key)" }
    }
    #expect(
      described.sorted()
        == Resource.all.flatMap(\.routes).map { "\($0.method.rawValue) \($0.pattern.template)" }.sorted())
  }

  @Test("refers only to models that it holds")
  func references() {
    var references: Set<String> = []
    func walk(_ value: JSONValue) {
      if let reference = value.object?["$ref"]?.string { references.insert(reference) }
      value.object?.members.forEach { walk($0.value) }
      value.array?.forEach(walk)
    }
    walk(document)
    let schemas = document.object?["components"]?.object?["schemas"]?.object?.keys ?? []
    #expect(references.count > 10)
    #expect(references.subtracting(schemas.map { "#/components/schemas/\($0)" }) == [])
    #expect(
      Set(schemas).isSuperset(of: ["CreateUserModel", "CreateApiModel", "FieldValidation", "SecuritySettingsModel"]))
  }

  @Test("gives every operation a name of its own and says who may call")
  func operations() {
    let operations = (document.object?["paths"]?.object?.members ?? []).flatMap {
      $0.value.object?.members.map(\.value) ?? []
    }
    let names = operations.compactMap { $0.object?["operationId"]?.string }
    #expect(Set(names).count == operations.count)
    #expect(document.value(at: "info.version") == "1.2.3")
    let dump = document.object?["paths"]?.object?["/platform/memory/dump"]?.object?["post"]?.object
    #expect(dump?["x-permission"] == "manage_security")
    #expect(dump?["security"] != nil)
  }
}
