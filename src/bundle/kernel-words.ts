/**
 * Words of the kernel's own messages. They were counted in the format strings of printk, dev_* and
 * their like in Linux 6.1 (init, kernel, mm, block, fs, lib, drivers of a small board, arch/arm);
 * a word of six files or more is here. A bundle may carry them: what a kernel prints on every board
 * is nobody's secret.
 */
export const KERNEL_WORDS = `
  ab able abnormal abort aborted aborting about above absent ac accept access accessible accessing
  accounting ack acked acl aclk acpi acquire acquired act action actions activate activated active
  actual adapter add added adding additional addr address addresses addressing addrs adjust adjusted
  adjusting admin adminq adq adr adv advanced advertised advertisement advertising aemif aen af
  affinity afs after ag again agent ahb aic alarm alarms ale alert algo algorithm alias align
  aligned alignment alive all allmulti alloc allocate allocated allocating allocation allocations
  allow allowed already alt alternate altsetting always am amd an and anon another any anyway aoe ap
  apb apbc api apll apmu app append application apply applying aq arbitration arch architecture are
  area arg argh args argument arguments arm around array as asc ascq asic asked assert assertion
  assign assigned associated assume assuming async asynchronous at ata atl atmel atomic attach
  attached attaching attempt attempted attempting attention attr attribute attributes attrs audio
  auth authentication auto autoneg autonegotiation aux avail available avoid awake aware away ax axi
  babble back background backing backup bad bailing bandwidth bank banks bar barrier base based
  baset basic baud baudrate bc bch bcm bd bds be beat because become been before begin behavior
  being belongs below best between beyond bg bgpio bh bi bias big bigger bind binding bio bios bist
  bit bitmap bitmask bits blink blk blkaddr blksz block blocked blocking blocks blocksize bm bnx
  board bogus boot bootloader both bounce bound boundary bounds bp bpf bpw br branch brcm break
  bridge bring broadcast broadcom broken bsg bt btree btrfs buck budget buf buff buffer buffers bufs
  bug buggy build built bulk burst bus buswidth busy but bw by bypass byte bytes cable cache cached
  calc calculate calculated calibration call callback called calling calls cam came can cancel
  cancelled cannot cap capabilities capability capable capacity caps capture card cards careful
  carrier case catalog cause caused cb cbs cc ccu cd cdb cdev ce cell cells ceph cfg cfi cgroup cgu
  cgx ch chain chains chan change changed changes changing channel channels char character charger
  chars check checking checkpoint checks checksum child children chip chips chipselect chipset
  chosen chrdev chunk ci cipher ck cks cl claim claimed clamping class classes clean cleaned
  cleaning cleanup clear cleared clearing clearportfeature client clientid clk clkdm clkout clks
  clock clockdomain clocks close closed closing clr cluster cma cmd cmdline cmdq cmn cn cnt cntl co
  coalesce coalescing code coherent collect collision collisions com combined come coming comm
  command commands commit common communication comp compare compat compatible compiled compl
  complete completed completing completion component compr compress compressed compression computed
  con concurrent condition conf config configs configuration configurations configure configured
  configuring confirm conflict conflicting conflicts conn connect connected connecting connection
  connections connector consider consistent console constant construct consumer contact contain
  container contains contents context contexts contiguous continue continuing control controller
  conversion convert cookie copied copy copying copyright core cores correctable corrected
  correcting correctly corrupt corrupted corruption could count counted counter counters cp cpg cpl
  cpld cpsw cpts cpu cpufreq cpumask cpus cq cqe cr crash crb crc create created creating creation
  credit credits critical crq cru crypto crystal cs csr csum ct ctl ctlr ctrl cts ctx cur curr
  current currently custom cut cx cycle cycles cyclic da daddr daemon damon dat data date dax db dc
  dcb dcbx dcr dd ddp ddr de dead deassert debounce debug debugfs debugging decode decoding
  decompress decompression decompressor dedicated def default defaulting defaults defer deferred
  deferring defined del delay delayed delete deleted deleting deletion delta denied dentry
  dependency deprecated depth dequeue desc description descriptor descriptors descs desired dest
  destination destroy destroyed destroying detach detached detaching details detect detected
  detection determine dev devctl device devices devicetree devlink devm diag diagnostic diagnostics
  did die different differs dir direct direction director directory dirent dirty dis disable
  disabled disabling disc discard discarding disconnect disconnected discovery disk display div
  divider divisor dlen dll dlm dm dma dmac dmaengine dmaing dmastat do documentation does doing
  domain done doorbell double down download downloading downshift dpaa dpll dquot dr drain drd drive
  driver drop dropped dropping drv ds dsm dsp dst dt dtb dtr dts dual due dummy dump dumping duplex
  duplicate duplicated duration during dvs dwc dwmac dynamic ea each earlier early eb ec ecc echo
  ecryptfs ed edge edma eee eep eeprom effect effective egress eh ehci eint either elapsed element
  elements elf emac emergency empty emulated en ena enable enabled enabling encode encoding
  encountered encrypt encrypted encryption end ended endian ending endpoint endpoints enet engine
  enhanced enomem enough enter entered entering entries entry enumerate eof ep eps eq equal er erase
  eraseblock eraseblocks erased erasesize erasing err errata errno error errors es esp est
  established eswitch et eth ether ethercard etherdev ethernet ethertype ethtool ets even event
  events evt ex exact exceed exceeded exceeding exceeds exception excessive exclusive exec execute
  executing execution exhausted exist existent existing exists exit exited exiting exp expansion
  expect expected expecting experimental expired export ext extcon extend extended extension
  extensions extent extents external extra fail failed failing fails failure failures fall fallback
  falling false family fan far fast fatal fault fc fck fcoe fcs fd fdb fdt feat feature features fec
  fetch fetching few fh fib field fields fifo fifos file filename files filesystem fill filled
  filling filter filtering filters final find finding finish finished firmware first fit fix fixed
  fixing fixup fl flag flags flash flashing flex flip flood flow flower flows flr flush flushed
  flushing fm fman fn fnic following for force forced forcing fork format forward found fp fpga frac
  frag fragment fragmented fragments frags frame frames free freed freeing freescale freq frequency
  from fs fsck fsid fsl fsm fsync ftrace full fully func function functional functionality functions
  further future fw fwd gadget gap garbage gate gather gating gbe gbps gc ge gen general generate
  generated generating generation generic geometry get getattr getportstatus getting gfp gfs gid
  given giving global gmac go going gone good got gp gpio gpiochip gpios gpl gpr gpt grace grant
  granularity greater gro group groups grp gso had hal half halt halted handle handled handler
  handling handshake hang hangup happen happened hard hardware has hash hashing have hba hc hcd hclk
  hd hdr hdrc head header headers headroom heads heartbeat held helper here hi hibernation high
  higher highest hit hnp hns hold holdoff hole holes hook host hotplug hour hours how hp hr hs hub
  hung hv hw hwaddr hwirq hwmon hz ibm ice id identification identified identifier identify idle idr
  ids idx if iface iget ignore ignored ignoring illegal image immediate immediately implement
  implementation implemented impossible imr imx in inactive inbound inc incompatible incomplete
  inconsistency inconsistent incore incorrect incorrectly increase increasing increment index
  indicates indication indicator indir indirect inet infinite inflight info information ing ingress
  init initial initialisation initialise initialised initialising initialization initialize
  initialized initializing initiate initiated initiating initiator inline ino inode inodes input
  inquiry insert inserted inserting insertion install installed installing instance instead instr
  instruction instructions insufficient int integrity intel interface interfaces internal interrupt
  interrupted interrupts interval intf into intr intx invalid invalidate io ioc iocharset ioctl
  iomap iomem iommu iomux iop ioremap ios iov ip ipg ipsec ipv iq irq irqlock irqs is isa isapnp
  iscsi isize iso isoc isochronous isp isr issue issued issuing it item items its iu ix jbd jedec
  jffs jfs jiffies journal jumbo jump just kafs kasan kb kbytes keep keepalive keeping kernel key
  keys khz kib kick kill killed killing kmalloc kmem know known kobject kprobe kthread kzalloc label
  lacks lag lan lance lane large larger last late latency later layer layout lba lcd lcr ldo leaf
  leak leaked leaking lease least leaving leb lebs led left legacy len length less level levels like
  limit limited limiting limits line linear lines link linked linux list lists live lldp lli lmac lo
  load loaded loading local locate location lock lockd locked locking locks lockup log logic logical
  long longer look looking lookup loop loopback loops loss lost low lower lp lpc lpi lpm lport lro
  ls lsb lsr lun luns lut lv ma mac machine magic mailbox main major make malformed managed
  management manager mandatory manual manually manufacturer many map mapped mapping mappings maps
  margin mark marked marker marking marvell mask masks master match matched matches matching max
  maxburst maximum maxpacket may maybe mb mbox mbps mbx mc mcam mcast mci mctrl mday mdio mdiobus
  mds me means media mem memcpy memory message messages meta metadata method mgmt mhz mib micro mid
  might migrate migration mii min mini minimum minor mins mirror misaligned misc miscdev mismatch
  mismatched miss missed missing mkdir mlx mm mmap mmc mmio mod mode model modem moderation modes
  modify module modules mon monitor more most mount mounted mounting mounts move moving mp mpc mpmu
  mpp mpu mq mqprio mr ms msb msec msecs msg msi msix msr mss mt mtd mtu much mult multi multicast
  multiple musb must mutex mux mv mx nack nak name names namespace nand napi nat native nb nd need
  needed needs negative negotiate negotiated negotiation neighbour neither net netdev netdevice
  netif netlink network never new newer next nexus nfp nfs nfsd nfsv ngpios nic nid nlink nlm no
  node nodelist nodes non none nonexistent nonzero nop nor normal not note nothing notice
  notification notifications notifier notify now nowayout npcm nr ns nsec nsp ntc ntu ntuple null
  num numa number numbers nvm nvmem nvram obj object objects obsolete obtain occurred ocfs ocp ocr
  octeon odd of off offline offlining offload offloaded offloads offs offset offsets ofld ofs ohci
  ok old older omap on once one ongoing online only oob oom oops op opal opcode open opened opening
  operating operation operational operations opp ops opt optical option optional options oq or order
  org orig original orion orphan os osc oscillator otg other otp our out outbound outer output
  outside outstanding over overcurrent overflow overheat overlaps overlay override overriding
  overrun oversized own owner pa package packet packets pad padding page pages pairs panic parallel
  param parameter parameters params parent parents parity parport parse parsed parsing part partial
  partition partitions partner pass passed passing passive past patch path pattern pause paused
  payload pba pbl pc pci pcie pclk pcmcia pcs pd pdata pdev pe peb pebs peer peg pend pending per
  percpu perf performance performing perhaps period periodic periph peripheral permanent permission
  permitted persistent pf pfc pfn pg ph phandle phase phc phn phy phylink phys physical pi pid pin
  pinconf pinctrl ping pinmux pins pio pipe pkt pkts pl platform please pll pm pmc pmd pmic pmu pnfs
  point pointer pointers points polarity policy poll polling pool pools pop populate port ports pos
  position posix possible possibly post posted potential power powerdomain powered powering poweroff
  powerup pp pps pq pr prcm pre preempt preferred preinit prep prepare prepared preparing present
  prev previous previously primary print prio prior priority priv private privileged probably probe
  probed probing problem problems proc process processed processing processor product production
  profile prog program programming progress prohibited promisc promiscuous prop proper properly
  properties property protect protected protection proto protocol provide provided provider ps pt
  ptp ptr pull pullup pulse purge push put pwm pwr pwrdm pxa qh qid qla qlogic qnx qos qp qs qspi
  query querying queue queuecommand queued queueing queues queuing quiesce quirk quirks quota race
  raid ram ramp ran random range ranges rate rates raw rc rcr rcu rcv rd rdc rdma rdy re reach
  reached read readdir reading readonly reads ready real realtime reason reboot rebuild rec receive
  received receiver receiving reclaim reclaiming recognized recommended reconnect record recorded
  recover recovered recovering recovery recv red redirect reduce reduced reducing ref refclk refcnt
  refcount reference referenced references refill refs refuse refusing reg region regions register
  registered registering registers registration regmap regs regulator regulators reinit reject
  rejected rejecting release released releasing reliable reload relocation rem remain remaining
  remap remapping remote remount remounting removable removal remove removed removing repair
  repeated replace replaced replay reply report reported reporter reporting reports representor req
  request requested requesting requests required requires res reselection reservation reserve
  reserved reserving reset resets resetting resid residue resistor resize resolution resolve
  resource resources resp respond responding response restart restarted restarting restore restored
  restoring resubmit resubmitting result results resume resumed resuming ret retries retrieve
  retrieving retry retrying return returned returning returns retval rev reverse revert reverting
  revision rewrite rfd rgmii right ring rings rising risk rmap rmii ro roce rockchip role rom room
  root round rounded rounding route routine row rpc rpl rpm rport rq rs rsp rss rst rt rtc rts rule
  rules run running runt runtime rw rx rxdma rxfifo rxq rxtx sa safe safely safety same sample
  sampling samsung sas sata save saved saving saw says sb sbc sc scale scan scanning scatter
  scatterlist scb sched schedule scheduled scheduler scheduling scheme sci scl sclk scp scr scratch
  screen scsi scu sd sda sdhci sdio sdp se search sec second secondary seconds secs section sector
  sectors secure security see seems seen seeprom seg segment segments segs sel select selected
  selecting selection selector self selftest selftests sem semaphore send sending sense sensor sent
  seq seqid sequence serdes serial server service sess session set sets setting settings setup sfp
  sg sge sgl sglist sgmii sh shadow shaper share shared shift short shost should shrink shut
  shutdown shutting side signal signaling signature silicon simple simultaneously since single sis
  size sized sizes sk skb skbs skip skipped skipping sl slab slave slaves sleep sleeping slew slice
  slot slots slow sm small smaller smb smba smbus smc smi smp snap snd so soc sock socket sof soft
  softreset software some something soon sorry source sources sp space spanned spare spear spec
  special specific specified specify speed speeds spi split spoof spurious sq squashfs sr sram srb
  src sriov srp srr ss ssp st stabilised stable stack stage stale stall stalled stamp standard
  standby start started starting starts startup stat state states static statistics stats status
  steering step still stm stop stopped stopping storage store stored stp str strange stream strength
  strict stride string strings stripe stripping strobe struct structure sts stub stuck sub submit
  submitted submitting subnode subsystem succeeded success successful successfully such suitable sum
  summary sun super superblock superspeed supplied supply support supported supports suspend
  suspended suspending sw swap switch switchdev switched switching sxgbe sym symbol symlink sync
  synchronous syncing synth sys syscfg syscon sysctl sysfs system systems sz table tables tag tagged
  tags tail take taken target task tasklet tasks tbl tc tcp tcs td tearing tegra temp temperature
  template term terminal terminate terminated terminating termination termios test testing tests
  text tgt than that the them then there thermal this though thread threaded threads threshold
  throttling through ti tick ticks tid time timed timedout timeout timer timers times timestamp
  timing timings tlv tm tmf to toggle token too took tools top total totlen tps tqp tr trace tracefs
  tracer tracing track tracking traffic trans transaction transactions transceiver transceivers
  transfer transferred transfers transition translation transmission transmit transmitter
  transmitting transport trap trb tree trickle tried tries trigger triggered triggering trim true
  truncate truncated truncating try trying ts tso tt tty ttys tuning tunnel tuple turn turned
  turning twice two tx txd txdma txq txqs type types uart ubi ubifs uc ucast ucsi udc udp uevent uhs
  uid ulp ulpi umount un unable unaligned unavailable unbalanced unbind unchecked uncorrectable
  undefined under underflow underrun unexpected unexpectedly unhandled unicast unimplemented
  uninitialized unit unknown unlink unlinked unload unloaded unloading unlock unmap unmapped
  unmapping unmask unmount unopened unplugged unrecognised unrecognized unrecoverable unregister
  unregistered unregistering unreliable unsafe unset unspecified unstable unsuccessful unsupported
  untagged until unused up update updated updating upgrade upper urb urbs us usable usage usb use
  usec usecs used user users userspace uses using utmi uuid uv va val valid validate validation
  value values var variable variant vbus vcc vchan vco vdd vector vectors vendor ver verbose
  verification verified verify verifying verity version very vf vfs vger via vid vio violation virt
  virtual vl vlan vlans vm vma vmalloc vmlinux vmmc vms vnic vol voltage voltages volume vpd vport
  vpp vqmmc vs vsel vsi vxlan wait waited waiting wake wakeup want wanted warm warn warning warnings
  was watchdog way wd wday wdt we weight weird went were what when which while whilst whole wide
  width will window wipes with within without wkup wl wlength wmaxpacketsize wol word words work
  workaround working workqueue workspace would wp wq wr write writes writesize writing written wrong
  wrote wvalue wwpn xattr xcvr xdp xfer xff xfrm xfs xhci xid xilinx xmit xoff xon xor xsk xtal xx
  xxx year yes yet you your zero zlp zone zoned zones
`;
