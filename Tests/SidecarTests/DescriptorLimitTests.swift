import Glibc
import Settings
import Testing

@testable import Sidecar

@Suite("The limit of descriptors")
struct DescriptorLimitTests {
  @Test("is raised to the hard limit of the process")
  func hardLimit() {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    ProcessEnvironment.raiseDescriptorLimit()
    #expect(ProcessEnvironment.descriptorLimit == Int(clamping: limit.rlim_max))
  }
}
