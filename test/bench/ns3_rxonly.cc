// The peer of `npm run bench`: ns-3 receives ready-made 64-byte UDP frames, nothing else. One host,
// 8 flows, sockets that are read at once. Prints packets a CPU second as JSON.
#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"
#include "ns3/ppp-header.h"
#include <ctime>
#include <vector>
using namespace ns3;

static uint64_t g_received = 0, g_left = 0;
static uint32_t g_next = 0;
static int64_t g_gapPs = 0;
static std::vector<Ptr<Packet>> g_frames;
static std::vector<Ptr<Socket>> g_socks;
static Ptr<PointToPointNetDevice> g_dev;

static void ReadAll(Ptr<Socket> s) {
  Address from;
  while (s->RecvFrom(from)) ++g_received;
}

static void Inject() {
  g_dev->Receive(g_frames[g_next]->Copy());
  if (++g_next == g_frames.size()) g_next = 0;
  if (--g_left) Simulator::Schedule(PicoSeconds(g_gapPs), &Inject);
}

int main(int argc, char** argv) {
  double seconds = 0.3, pps = 1e6;
  CommandLine cmd;
  cmd.AddValue("seconds", "virtual seconds", seconds);
  cmd.AddValue("pps", "frames a virtual second", pps);
  cmd.Parse(argc, argv);
  ObjectFactory heap;
  heap.SetTypeId("ns3::HeapScheduler");
  Simulator::SetScheduler(heap);
  Time::SetResolution(Time::PS);

  NodeContainer nodes;
  nodes.Create(2);
  InternetStackHelper().Install(nodes);
  PointToPointHelper link;
  link.SetDeviceAttribute("DataRate", StringValue("10Gbps"));
  NetDeviceContainer devs = link.Install(nodes);
  Ipv4AddressHelper ip;
  ip.SetBase("10.0.0.0", "255.255.255.0");
  Ipv4InterfaceContainer ifs = ip.Assign(devs);
  for (uint16_t i = 0; i < 8; ++i) {
    Ptr<Socket> s = Socket::CreateSocket(nodes.Get(1), UdpSocketFactory::GetTypeId());
    s->SetAttribute("RcvBufSize", UintegerValue(212992));
    s->Bind(InetSocketAddress(Ipv4Address::GetAny(), 5000 + i));
    s->SetRecvCallback(MakeCallback(&ReadAll));
    g_socks.push_back(s);
    Ptr<Packet> p = Create<Packet>(18);
    UdpHeader udp;
    udp.SetSourcePort(40000 + i);
    udp.SetDestinationPort(5000 + i);
    p->AddHeader(udp);
    Ipv4Header ip4;
    ip4.SetSource(ifs.GetAddress(0));
    ip4.SetDestination(ifs.GetAddress(1));
    ip4.SetProtocol(17);
    ip4.SetPayloadSize(p->GetSize());
    ip4.SetTtl(64);
    p->AddHeader(ip4);
    PppHeader ppp;
    ppp.SetProtocol(0x0021);
    p->AddHeader(ppp);
    g_frames.push_back(p);
  }
  g_dev = DynamicCast<PointToPointNetDevice>(devs.Get(1));
  g_gapPs = int64_t(1e12 / pps);
  g_left = uint64_t(seconds * pps);
  Simulator::ScheduleWithContext(nodes.Get(1)->GetId(), PicoSeconds(g_gapPs), &Inject);
  Simulator::Stop(Seconds(seconds));
  clock_t start = clock();
  Simulator::Run();
  double cpu = double(clock() - start) / CLOCKS_PER_SEC;
  printf("{\"packets\":%lu,\"cpu_s\":%.4f,\"mpps_cpu\":%.4f}\n", g_received, cpu, g_received / cpu / 1e6);
  Simulator::Destroy();
}
