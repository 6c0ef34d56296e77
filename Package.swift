// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours builds under the same rules. `GATEHOUSE_STRICT=1`, which CI sets, turns warnings into errors;
/// a user's newer compiler with a new warning still builds.
let strict = Context.environment["GATEHOUSE_STRICT"] == "1"
let settings: [SwiftSetting] =
  [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ] + (strict ? [.treatAllWarnings(as: .error)] : [])

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil) -> Target {
  .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

let collections = Target.Dependency.product(name: "HashTreeCollections", package: "swift-collections")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let jwt = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")

let package = Package(
  name: "gatehouse",
  products: [
    .executable(name: "gatehouse", targets: ["gatehouse"]),
    .executable(name: "gatehouse-sidecar", targets: ["gatehouse-sidecar"]),
  ],
  dependencies: [
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
  ],
  targets: [
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
    .systemLibrary(name: "CSockets"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    library("Clocks"),
    library("Cryptography", ["COpenSSL", "CCrypt"]),
    library("Threads", ["Clocks"]),
    library("HTTPClient", ["CCurl", "Clocks"]),
    library("JSON"),
    library("Settings", ["Clocks", "JSON"]),
    library("Logs", ["Threads", "Clocks", "JSON", "Settings", logging]),
    library("DocumentStore", ["Threads", "JSON", collections]),
    library("DumpFormat", ["CZstd", "Cryptography", "Threads", "JSON"]),
    library("DumpDirectory", ["Cryptography", "DumpFormat", "Clocks", "JSON", "Settings"]),
    library("Persistence", ["DumpDirectory", "DumpFormat", "DocumentStore", "Threads", "Clocks", "JSON", logging]),
    library("DumpReports", ["Clocks", "DumpDirectory", "DumpFormat", "JSON"]),
    library("RateLimiting"),
    library(
      "Peers",
      ["Cryptography", "DumpFormat", "Threads", "Clocks", "JSON", nioCore, nioHTTP1, nioPosix, nioSSL]),
    library("Retention"),
    library(
      "Sidecar",
      [
        "CSockets", "Cryptography", "HTTPClient", "Retention", "DumpReports", "DumpDirectory", "DumpFormat", "Threads",
        "Clocks", "JSON", "Logs", "Settings",
        logging,
      ]),
    program("gatehouse-sidecar", ["Sidecar", "Threads", "Settings"]),
    library("Model", ["DocumentStore", "JSON", collections]),
    library("Rules", ["Model", "DocumentStore", "JSON"]),
    library("HTTPAPI", ["JSON", httpTypes, nioCore]),
    library("Authentication", ["Cryptography", "Model", "Threads", "JSON", jwt, nioPosix]),
    library(
      "Listener",
      [
        "Model", "Clocks", "JSON", nioCore, nioPosix, nioHTTP1, nioSSL, nioHTTPTypesHTTP1, httpTypes, logging,
      ]),
    library(
      "Platform",
      [
        "Listener", "HTTPAPI", "Rules", "Model", "Authentication", "RateLimiting", "DocumentStore", "Clocks", "JSON",
        "Logs", hummingbird, httpTypes, nioCore, logging,
      ]),
    library(
      "Gateway",
      [
        "CZlib", "Listener", "HTTPAPI", "Model", "Authentication", "RateLimiting", "DocumentStore", "JSON", "Logs",
        collections, logging, nioCore, nioPosix, nioHTTP1, nioSSL,
      ]),
    library(
      "GatehouseServer",
      [
        "Listener", "Gateway", "Peers", "Platform", "Persistence", "HTTPAPI", "Authentication", "Rules", "Model",
        "DumpReports", "DumpDirectory", "DumpFormat", "DocumentStore", "Threads", "Clocks", "JSON", "Logs", "Settings",
        hummingbird, logging, nioCore, nioPosix, nioHTTP1, nioSSL, httpTypes,
      ]),
    program("gatehouse", ["GatehouseServer", "Threads", "Settings", arguments]),

    .target(
      name: "TestSupport", dependencies: ["JSON", "Threads"], path: "Tests/TestSupport", swiftSettings: settings),
    .executableTarget(
      name: "gatehouse-benchmark",
      dependencies: [
        "TestSupport", "Gateway", "Persistence", "Rules", "Model", "Authentication", "DumpDirectory", "DumpFormat",
        "DocumentStore", "JSON", "Logs", logging, arguments,
      ],
      path: "Tests/Benchmark", swiftSettings: settings),
    .executableTarget(
      name: "gatehouse-bare-server", dependencies: [hummingbird, logging, nioCore], path: "Tests/BareServer",
      swiftSettings: settings),
    tests("CryptographyTests", ["Cryptography"]),
    tests("ClocksTests", ["Clocks"]),
    tests("ThreadsTests", ["Threads", "Clocks", "TestSupport"]),
    .target(
      name: "CrashPoints",
      dependencies: [
        "Persistence", "DumpDirectory", "DumpFormat", "DocumentStore", "Clocks", "JSON", "TestSupport", logging,
      ],
      path: "Tests/Crash", swiftSettings: settings),
    .target(name: "TortureModel", path: "Tests/Torture/Model", swiftSettings: settings),
    .executableTarget(
      name: "gatehouse-torture", dependencies: ["TortureModel", "CrashPoints", "TestSupport", "JSON", arguments],
      path: "Tests/Torture/Program", swiftSettings: settings),
    tests("TortureTests", ["TortureModel", "TestSupport"]),
    tests("HTTPClientTests", ["HTTPClient", "Clocks", "TestSupport"]),
    tests("JSONTests", ["JSON", "TestSupport"]),
    tests("SettingsTests", ["Settings", "GatehouseServer", "Sidecar", "JSON", "TestSupport"]),
    tests("LogsTests", ["Logs", "Threads", "Clocks", "JSON", "TestSupport", logging]),
    tests("DocumentStoreTests", ["DocumentStore", "JSON", "Threads"]),
    tests(
      "DumpFormatTests", ["DumpFormat", "Cryptography", "JSON", "TestSupport", "Threads"],
      resources: [.copy("Fixtures")]),
    tests("DumpDirectoryTests", ["DumpDirectory", "DumpFormat", "Clocks", "JSON", "CrashPoints", "TestSupport"]),
    tests("DumpReportsTests", ["DumpReports", "DumpDirectory", "DumpFormat", "JSON", "TestSupport"]),
    tests(
      "PersistenceTests",
      [
        "Persistence", "DumpDirectory", "DumpFormat", "DocumentStore", "Threads", "Clocks", "JSON", "CrashPoints",
        "TestSupport", logging,
      ]),
    tests("RateLimitingTests", ["RateLimiting", "TestSupport"]),
    tests(
      "PeersTests", ["Peers", "Cryptography", "DumpFormat", "JSON", "TestSupport"]),
    tests("RetentionTests", ["Retention", "TestSupport"]),
    tests("AuthenticationTests", ["Authentication", "Cryptography", "Model", "DocumentStore", "JSON"]),
    tests("ModelTests", ["Model", "DocumentStore", "JSON", "TestSupport"]),
    tests("RulesTests", ["Rules", "Model", "DocumentStore", "JSON"]),
    tests("HTTPAPITests", ["HTTPAPI", "JSON", httpTypes]),
    tests(
      "PlatformTests",
      [
        "Platform", "HTTPAPI", "Authentication", "DocumentStore", "Rules", "Model", "JSON", httpTypes, logging,
        hummingbird, nioCore, nioEmbedded, nioPosix,
      ]),
    tests(
      "GatehouseServerTests",
      [
        "GatehouseServer", "Listener", "Gateway", "Platform", "HTTPAPI", "Peers", "Persistence", "DumpDirectory",
        "Rules", "Model", "Threads", "JSON", "Logs",
        "Settings", "TestSupport", logging,
        nioCore, nioPosix, nioEmbedded,
        httpTypes,
      ]),
    tests(
      "SidecarTests",
      [
        "Sidecar", "HTTPClient", "Retention", "DumpReports", "DumpDirectory", "DumpFormat", "Threads", "Clocks",
        "JSON", "Settings", "TestSupport", logging,
      ]),
    tests(
      "ListenerTests",
      [
        "Listener", "Model", "TestSupport", logging, nioCore, nioPosix, nioEmbedded, nioHTTP1, httpTypes,
      ]),
    tests(
      "GatewayTests",
      [
        "Gateway", "CZlib", "Listener", "HTTPAPI", "Authentication", "Model", "DocumentStore", "RateLimiting", "JSON",
        "Logs", "TestSupport", logging, nioCore, nioEmbedded, nioHTTP1, nioPosix,
      ]),
    tests("ArchitectureTests", ["JSON", "TestSupport"], resources: [.copy("Fixtures")]),
    // Not the programs themselves: what they do before they are loaded, the tests would do too.
    tests(
      "EndToEnd", ["TestSupport", "Authentication", "Cryptography", "DumpDirectory", "DumpFormat", "JSON"],
      resources: [.copy("Fixtures")]),
  ]
)
